using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Denials;
using JwtAuth.Server.Audit;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Denials;

/// <summary>What was ended of all accounts.</summary>
internal sealed record EndedEverything(int Accounts, int Sessions, int PersonalAccessTokens);

/// <summary>
/// Ends sessions and tokens. Sessions and their refresh tokens are deleted in the same transaction as the change that ends them. The
/// denials of their access tokens are appended to the log there too. When <see cref="CommitAsync"/> returns, every check in this process
/// knows of them.
/// </summary>
internal sealed class Revocations(Db db, AuditTrail trail, TimeProvider time, DenialTail? tail = null)
{
    /// <summary>
    /// How many tokens and sessions of one account the log names. It names each for as long as a token could pass somewhere, so this bounds
    /// what one account adds in five hours to every denylist. What ends beyond that ends by the account's generation, which adds nothing.
    /// </summary>
    public const int MaximumPerAccount = 1000;

    /// <summary>Adds what <see cref="CommitAsync"/> records of the transaction.</summary>
    public void Record(AuditEntry entry) => trail.Add(entry);

    /// <summary>Ends a session together with its cookie, or with its refresh token and access tokens.</summary>
    /// <returns>Whether all access tokens of the account had to end with it.</returns>
    public async Task<bool> EndSessionAsync(SessionRow session)
    {
        if (session.CookieHash is null)
            return await EndSessionAsync(session.Subject, session.SessionId, session.TokensUntil);
        await db.Sessions.Where(row => row.SessionId == session.SessionId).ExecuteDeleteAsync(); // no access token comes from a cookie
        return false;
    }

    /// <summary>Ends a session together with its refresh token and access tokens.</summary>
    /// <param name="subject">Its account.</param>
    /// <param name="sessionId">The session need not have a row: a login without <c>offline_access</c> has none.</param>
    /// <param name="latestExpiry">The <c>exp</c> of its latest access token.</param>
    /// <returns>Whether all access tokens of the account had to end with it.</returns>
    public async Task<bool> EndSessionAsync(string subject, string sessionId, DateTimeOffset latestExpiry)
    {
        await db.Sessions.Where(row => row.SessionId == sessionId).ExecuteDeleteAsync();
        return await DenyAsync(subject, Denial.OfSession(sessionId, DenialRetention.ForgetAfter(latestExpiry)));
    }

    /// <summary>Whether one access token was ended by <see cref="EndTokenAsync"/>.</summary>
    public Task<bool> HasEndedAsync(AccessToken token) => db.Denials.AnyAsync(
        row => row.Name == token.JwtId && row.Kind == DenialKind.Token && row.TokenSubject == token.Subject);

    /// <summary>Ends one access token. A second call writes nothing.</summary>
    /// <returns>Whether all access tokens of the account had to end with it.</returns>
    public async Task<bool> EndTokenAsync(AccessToken token) => !await HasEndedAsync(token)
        && await DenyAsync(token.Subject, Denial.OfToken(token.Subject, token.JwtId, DenialRetention.ForgetAfter(token.ExpiresAt)));

    /// <summary>
    /// Ends all sessions and access tokens of an account by raising its generation. A token that is being issued at this moment carries the
    /// old one, so it ends too.
    /// </summary>
    /// <param name="subject">The account.</param>
    /// <param name="exceptSessionId">A session that is spared. It continues with the new generation.</param>
    /// <param name="sparesSessions">Spares every session. Only access tokens end, and the next ones say what holds now.</param>
    /// <returns>How many sessions were ended: those of refresh tokens, and those of cookies.</returns>
    public async Task<(int RefreshTokens, int Sessions)> EndSubjectAsync(
        string subject, string? exceptSessionId = null, bool sparesSessions = false)
    {
        if (await db.Users.Where(row => row.Id == subject)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Generation, row => row.Generation + 1)) == 0)
        {
            return (0, 0); // whoever deleted it has ended everything
        }
        long generation = await db.Users.Where(row => row.Id == subject).Select(row => row.Generation).SingleAsync();
        IQueryable<SessionRow> others = db.Sessions.Where(row => row.Subject == subject && row.SessionId != exceptSessionId);
        (int, int) ended = sparesSessions
            ? (0, 0)
            : (await others.Where(row => row.CookieHash == null).ExecuteDeleteAsync(), await others.ExecuteDeleteAsync());
        await db.Sessions.Where(row => row.Subject == subject)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Generation, generation));
        await DenySubjectAsync(subject, generation, exceptSessionId);
        return ended;
    }

    /// <summary>
    /// Ends what <see cref="EndSubjectAsync"/> ends, and also the account's personal access tokens. Access tokens made from them end too,
    /// since their generation is older.
    /// </summary>
    public async Task EndAccountAsync(string subject, string? exceptSessionId = null)
    {
        await EndSubjectAsync(subject, exceptSessionId);
        await db.PersonalAccessTokens.Where(row => row.Subject == subject).ExecuteDeleteAsync();
    }

    /// <summary>
    /// Ends personal access tokens, together with the access tokens that were made from them or are being made at this moment.
    /// </summary>
    /// <returns>The tokens that were ended.</returns>
    public async Task<IReadOnlyList<PersonalAccessTokenRow>> EndPersonalAccessTokensAsync(IQueryable<PersonalAccessTokenRow> which)
    {
        List<PersonalAccessTokenRow> ended = await which.AsNoTracking().ToListAsync();
        await which.ExecuteDeleteAsync();
        foreach (PersonalAccessTokenRow row in ended)
        {
            DateTimeOffset forgetAt = row.TokensUntil is { } latest ? DenialRetention.ForgetAfter(latest) : LatestForgetting();
            if (await DenyAsync(row.Subject, Denial.OfSession(row.Id, forgetAt)))
                break; // the access tokens of all the others have ended too
        }
        return ended;
    }

    /// <summary>
    /// Ends everything that was issued to anybody. Every account's generation becomes the number of seconds since 1970, or one more than it
    /// was. That is above all that were ever issued, also by a database that this one is a backup of: no account is ended every second.
    /// </summary>
    /// <param name="keyIds">The keys that have signed access tokens. They end all of these, also those of accounts that are gone.</param>
    public async Task<EndedEverything> EndEverythingAsync(IEnumerable<string> keyIds)
    {
        long floor = time.GetUtcNow().ToUnixTimeSeconds();
        int accounts = await db.Users.ExecuteUpdateAsync(set =>
            set.SetProperty(row => row.Generation, row => row.Generation >= floor ? row.Generation + 1 : floor));
        int sessions = await db.Sessions.ExecuteDeleteAsync();
        int tokens = await db.PersonalAccessTokens.ExecuteDeleteAsync();
        HashSet<string> deniedBefore =
            [.. await db.Denials.Where(row => row.Kind == DenialKind.Key).Select(row => row.Name).ToListAsync()];
        deniedBefore.UnionWith(db.ChangeTracker.Entries<DenialRow>().Select(entry => entry.Entity.Name));
        foreach (string keyId in keyIds.Except(deniedBefore))
            EndKey(keyId);
        return new EndedEverything(accounts, sessions, tokens);
    }

    /// <summary>
    /// Until when the log names as many tokens and sessions of an account as it may; <see langword="null"/> if it names fewer.
    /// </summary>
    public async Task<DateTimeOffset?> FullUntilAsync(string subject)
    {
        DateTimeOffset now = time.GetUtcNow();
        IQueryable<DenialRow> named = db.Denials.Where(row => row.TokenSubject == subject && row.ExpiresAt > now);
        List<DenialRow> added = Added().FindAll(row => row.TokenSubject == subject);
        if (await named.CountAsync() + added.Count < MaximumPerAccount)
            return null;
        DateTimeOffset? earliest = await named.MinAsync(row => row.ExpiresAt), earliestAdded = added.Min(row => row.ExpiresAt);
        return earliest is null || earliestAdded < earliest ? earliestAdded : earliest;
    }

    /// <summary>Ends every token that a key has signed.</summary>
    public void EndKey(string keyId) => db.Denials.Add(DenialRow.Of(Denial.OfKey(keyId)));

    /// <summary>Writes the denials and the audit trail, commits the transaction, and then lets every check of this process know.</summary>
    public async Task CommitAsync(WriteTransaction transaction)
    {
        bool denies = db.ChangeTracker.Entries<DenialRow>().Any();
        await db.SaveChangesAsync();
        await trail.WriteAsync();
        await transaction.CommitAsync();
        if (denies && tail is not null)
            await tail.CommittedAsync();
    }

    // What can pass nowhere any more needs no denial. If the log names too many of the account, all its access tokens end in place of this
    // one: nothing that was to end stays alive, and sessions and personal access tokens bring new ones.
    private async Task<bool> DenyAsync(string subject, Denial denial)
    {
        if (denial.ExpiresAt <= time.GetUtcNow())
            return false;
        if (await FullUntilAsync(subject) is not null)
        {
            await EndSubjectAsync(subject, sparesSessions: true);
            return true;
        }
        db.Denials.Add(DenialRow.Of(denial, subject));
        return false;
    }

    // Of one account two are enough, whatever was spared before: what this one does not say as well, for the session that it spares, the
    // highest of the earlier ones says for all.
    private async Task DenySubjectAsync(string subject, long generation, string? exceptSessionId)
    {
        IQueryable<DenialRow> rows = db.Denials.Where(row => row.Name == subject && row.Kind == DenialKind.Subject);
        List<DenialRow> added = Added().FindAll(row => row.Name == subject && row.Kind == DenialKind.Subject);
        List<DenialRow> earlier = [.. await rows.AsNoTracking().ToListAsync(), .. added];
        await rows.ExecuteDeleteAsync();
        db.Denials.RemoveRange(added);
        DateTimeOffset forgetAt = earlier.Max(row => row.ExpiresAt) is { } later && later > LatestForgetting() ? later : LatestForgetting();
        if (exceptSessionId is not null
            && earlier.Where(row => row.ExceptSessionId != exceptSessionId).Max(row => (long?)row.BelowGeneration) is { } below)
        {
            db.Denials.Add(DenialRow.Of(Denial.OfSubject(subject, below, exceptSessionId: null, forgetAt)));
        }
        db.Denials.Add(DenialRow.Of(Denial.OfSubject(subject, generation, exceptSessionId, forgetAt)));
    }

    // The log is written by the commit and not before: whoever has drawn a number keeps others from theirs. What asks the log in the same
    // transaction has to ask these too.
    private List<DenialRow> Added() => [.. db.ChangeTracker.Entries<DenialRow>()
        .Where(entry => entry.State == EntityState.Added).Select(entry => entry.Entity)];

    // Covers everything that may have been issued until now, also tokens of a longer lifetime that was configured before, and those of a
    // login that was slow to sign.
    private DateTimeOffset LatestForgetting() => DenialRetention.ForgetAfter(time.GetUtcNow() + TokenValidator.MaximumLifetime);
}
