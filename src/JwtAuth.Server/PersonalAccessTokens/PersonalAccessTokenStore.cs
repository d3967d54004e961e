using System.Data.Common;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Observability;
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
}

/// <summary>Personal access tokens. Each change is one transaction that shuts out other writers.</summary>
internal sealed class PersonalAccessTokenStore(Db db, Revocations revocations, Standing standing, AccessTokenSettings accessTokens,
    TimeProvider time, ILogger<PersonalAccessTokenStore> log)
{
    /// <summary>How many living tokens an account may have.</summary>
    public const int MaximumPerAccount = 50;

    // A use is written down no more often than this.
    private static readonly TimeSpan UseResolution = TimeSpan.FromMinutes(1);

    public async Task<PersonalAccessTokenAddition> AddAsync(
        Caller caller, PersonalAccessToken token, string name, IReadOnlyList<string> scopes, TimeSpan lifetime)
    {
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        if (!await standing.HoldsAsync(caller))
            return new PersonalAccessTokenAddition.NotStanding();
        DateTimeOffset now = time.GetUtcNow();
        if (await LivingOf(caller.Subject, now).CountAsync() >= MaximumPerAccount)
            return new PersonalAccessTokenAddition.TooMany();

        var row = new PersonalAccessTokenRow
        {
            Id = TokenIssuer.NewId(),
            Subject = caller.Subject,
            Name = name,
            Hash = token.Hash(),
            Scope = string.Join(' ', scopes),
            CreatedAt = now,
            ExpiresAt = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()) + lifetime,
        };
        db.PersonalAccessTokens.Add(row);
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
        DateTimeOffset latestExpiry = accessTokens.ExpiryOf(now);
        return new Ended(
            RefreshTokens: 0, Sessions: 0, AccessTokens: true, row.ExpiresAt < latestExpiry ? row.ExpiresAt : latestExpiry);
    }

    /// <summary>Ends a token for a client that has the right to. There is no caller.</summary>
    /// <returns>Whose token it was; <see langword="null"/> if there is none.</returns>
    public async Task<string?> EndAsync(PersonalAccessToken token)
    {
        byte[] hash = token.Hash();
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        if (await revocations.EndPersonalAccessTokensAsync(db.PersonalAccessTokens.Where(row => row.Hash == hash)) is not [var row])
            return null;
        await revocations.CommitAsync(transaction);
        return row.Subject;
    }

    /// <summary>
    /// Whether a token is good now, and what it allows. All checks use this rule, which reads the store once. A token that is not
    /// well-formed is not looked up.
    /// </summary>
    public async Task<PersonalAccess?> FindAsync(PersonalAccessToken token, CancellationToken cancellation = default)
    {
        if (!token.IsWellFormed)
            return null;
        byte[] hash = token.Hash();
        DateTimeOffset now = time.GetUtcNow();
        return await (
            from row in db.PersonalAccessTokens.AsNoTracking()
            join account in db.Snapshots() on row.Subject equals account.Subject
            where row.Hash == hash && row.ExpiresAt > now && account.IsEnabled
            select new PersonalAccess(row.Id, account, row.Scope, row.CreatedAt, row.ExpiresAt, row.LastUsedAt))
            .AsSingleQuery().SingleOrDefaultAsync(cancellation);
    }

    /// <summary>
    /// Whether the caller's access token was made from a personal access token. Then it belongs to a program, not to a person.
    /// </summary>
    public Task<bool> HasMadeAsync(Caller caller) => db.PersonalAccessTokens.AnyAsync(row => row.Id == caller.SessionId);

    /// <summary>
    /// Writes down that a token is used now, unless that was done a moment ago. If the store cannot be written, the use is still good.
    /// </summary>
    public async Task NoteUseAsync(PersonalAccess access)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (access.LastUsedAt is { } last && (now - last).Duration() < UseResolution)
            return;
        try
        {
            await using WriteTransaction transaction = await db.BeginWriteAsync();
            await db.PersonalAccessTokens.Where(row => row.Id == access.Id && row.LastUsedAt == access.LastUsedAt)
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.LastUsedAt, now));
            await transaction.CommitAsync();
        }
        catch (Exception fault) when (fault is DbException or StorageBusyException)
        {
            log.PersonalAccessTokenUseNotNoted(fault, access.Id);
        }
    }

    private IQueryable<PersonalAccessTokenRow> LivingOf(string subject, DateTimeOffset now) =>
        db.PersonalAccessTokens.Where(row => row.Subject == subject && row.ExpiresAt > now);

    private async Task<IReadOnlyList<PersonalAccessTokenRow>?> EndAsync(Caller caller, IQueryable<PersonalAccessTokenRow> which)
    {
        await using WriteTransaction transaction = await db.BeginWriteAsync();
        if (!await standing.HoldsAsync(caller))
            return null;
        IReadOnlyList<PersonalAccessTokenRow> ended = await revocations.EndPersonalAccessTokensAsync(which);
        await revocations.CommitAsync(transaction);
        return ended;
    }
}
