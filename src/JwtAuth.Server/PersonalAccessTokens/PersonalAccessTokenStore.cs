using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Audit;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Sessions;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.PersonalAccessTokens;

/// <summary>The outcome of adding a personal access token.</summary>
internal abstract record PersonalAccessTokenAddition
{
    private PersonalAccessTokenAddition()
    {
    }

    public sealed record Added(PersonalAccessTokenRow Row) : PersonalAccessTokenAddition;

    /// <summary>Refused: the caller's credential has ended.</summary>
    public sealed record NotStanding : PersonalAccessTokenAddition;

    /// <summary>Refused: the account has as many as it may have.</summary>
    public sealed record TooMany : PersonalAccessTokenAddition;

    /// <summary>Refused: so much of the account was ended that no more is made that would have to be ended.</summary>
    public sealed record TooManyEnded(TimeSpan RetryAfter) : PersonalAccessTokenAddition;
}

/// <summary>Personal access tokens. Each change is one transaction that shuts out other writers.</summary>
internal sealed class PersonalAccessTokenStore(Db db, Revocations revocations, Standing standing, SessionPolicy policy, TimeProvider time)
{
    /// <summary>How many living tokens an account may have.</summary>
    public const int MaximumPerAccount = 50;

    public async Task<PersonalAccessTokenAddition> AddAsync(
        Caller caller, PersonalAccessToken token, string name, IReadOnlyList<string> scopes, TimeSpan lifetime)
    {
        if (await RefusalOfAsync(caller) is { } refusal)
            return refusal; // what is refused needs no turn to write
        await using WriteTransaction transaction = await db.BeginWriteAsync(Urgency.Usual, caller.Subject, Extent.Of(caller.Subject));
        if (await RefusalOfAsync(caller) is { } late)
            return late;
        DateTimeOffset now = time.GetUtcNow();
        var row = new PersonalAccessTokenRow
        {
            Id = TokenIssuer.NewId(),
            Subject = caller.Subject,
            Name = name,
            Hash = token.Hash(),
            Scope = string.Join(' ', scopes),
            CreatedAt = now,
            TokensUntil = PersonalAccessTokenRow.NoTokens,
            ExpiresAt = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()) + lifetime,
        };
        policy.Seals.Seal(row);
        db.PersonalAccessTokens.Add(row);
        revocations.Record(new(AuditEvent.PatCreated) { Actor = caller.Actor, Subject = row.Subject, Object = row.Id });
        await revocations.CommitAsync(transaction);
        return new PersonalAccessTokenAddition.Added(row);
    }

    /// <summary>The caller's tokens, the newest first; <see langword="null"/> if the caller's credential is no longer good.</summary>
    public async Task<IReadOnlyList<PersonalAccessTokenRow>?> ListAsync(Caller caller) => await standing.HoldsAsync(caller)
        ? await LivingOf(caller.Subject, time.GetUtcNow())
            .AsNoTracking().OrderByDescending(row => row.CreatedAt).ThenBy(row => row.Id).ToListAsync()
        : null;

    /// <summary>Ends one token of the caller's account, and the access tokens that were made from it.</summary>
    /// <returns>Whether there was such a token; <see langword="null"/> if the caller's credential is no longer good.</returns>
    public async Task<bool?> DeleteAsync(Caller caller, string id) =>
        await EndAsync(caller, LivingOf(caller.Subject, time.GetUtcNow()).Where(row => row.Id == id)) is { } found ? found.Count > 0 : null;

    /// <summary>The same, for a token that is given by its text.</summary>
    public async Task<Ended?> EndAsync(Caller caller, PersonalAccessToken token)
    {
        byte[] hash = token.Hash();
        DateTimeOffset now = time.GetUtcNow();
        if (await EndAsync(caller, LivingOf(caller.Subject, now).Where(row => row.Hash == hash)) is not { } found)
            return null;
        if (found is not [var row])
            return Ended.Nothing(now);
        DateTimeOffset latestExpiry = policy.AccessTokens.ExpiryOf(now);
        return new Ended(
            RefreshTokens: 0, Sessions: 0, AccessTokens: true, row.ExpiresAt < latestExpiry ? row.ExpiresAt : latestExpiry);
    }

    /// <summary>Ends a token for a client that has the right to. There is no caller.</summary>
    /// <returns>Whose token it was; <see langword="null"/> if there is none.</returns>
    public async Task<string?> EndAsync(string clientId, PersonalAccessToken token)
    {
        byte[] hash = token.Hash();
        IQueryable<PersonalAccessTokenRow> which = db.PersonalAccessTokens.Where(row => row.Hash == hash);
        if (await which.Select(row => row.Subject).SingleOrDefaultAsync() is not { } subject)
            return null;
        await using WriteTransaction transaction = await db.BeginWriteAsync(Urgency.Ending, clientId, Extent.Of(subject));
        if (await revocations.EndPersonalAccessTokensAsync(which) is not [var row])
            return null;
        Record(AuditActor.Client(clientId), row);
        await revocations.CommitAsync(transaction);
        return row.Subject;
    }

    /// <summary>
    /// Whether the caller's access token was made from a personal access token. Then it belongs to a program, not to a person.
    /// </summary>
    public Task<bool> HasMadeAsync(Caller caller) => db.PersonalAccessTokens.AnyAsync(row => row.Id == caller.SessionId);

    private IQueryable<PersonalAccessTokenRow> LivingOf(string subject, DateTimeOffset now) =>
        db.PersonalAccessTokens.Where(row => row.Subject == subject && row.ExpiresAt > now);

    private async Task<PersonalAccessTokenAddition?> RefusalOfAsync(Caller caller)
    {
        if (!await standing.HoldsAsync(caller))
            return new PersonalAccessTokenAddition.NotStanding();
        DateTimeOffset now = time.GetUtcNow();
        if (await LivingOf(caller.Subject, now).CountAsync() >= MaximumPerAccount)
            return new PersonalAccessTokenAddition.TooMany();
        return await revocations.FullUntilAsync(caller.Subject) is { } until
            ? new PersonalAccessTokenAddition.TooManyEnded(until - now)
            : null;
    }

    private void Record(AuditActor by, PersonalAccessTokenRow row) =>
        revocations.Record(new(AuditEvent.PatDeleted) { Actor = by, Subject = row.Subject, Object = row.Id });

    // What would end nothing needs no turn to write.
    private async Task<IReadOnlyList<PersonalAccessTokenRow>?> EndAsync(Caller caller, IQueryable<PersonalAccessTokenRow> which)
    {
        if (!await standing.HoldsAsync(caller))
            return null;
        if (!await which.AnyAsync())
            return [];
        await using WriteTransaction transaction = await db.BeginWriteAsync(Urgency.Ending, caller.Subject, Extent.Of(caller.Subject));
        if (!await standing.HoldsAsync(caller))
            return null;
        IReadOnlyList<PersonalAccessTokenRow> ended = await revocations.EndPersonalAccessTokensAsync(which);
        foreach (PersonalAccessTokenRow row in ended)
            Record(caller.Actor, row);
        await revocations.CommitAsync(transaction);
        return ended;
    }
}
