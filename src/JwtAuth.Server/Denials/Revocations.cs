using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Denials;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Denials;

/// <summary>
/// What ends what: sessions, and with them their refresh tokens, go in the same transaction as the change that ends them, and the denials
/// of their access tokens are appended to the log there. <see cref="CommitAsync"/> returns when every check in this process knows.
/// </summary>
internal sealed class Revocations(Db db, TimeProvider time, DenialTail? tail = null)
{
    /// <summary>Ends a session with its cookie, or with its refresh token and its access tokens.</summary>
    public Task EndSessionAsync(SessionRow session) =>
        EndSessionAsync(session.SessionId, session.CookieHash is null ? session.TokensUntil : time.GetUtcNow());

    /// <summary>Ends a session with its refresh token and its access tokens.</summary>
    /// <param name="sessionId">It need not have a row: a login without <c>offline_access</c> has none.</param>
    /// <param name="latestExpiry">The <c>exp</c> of its latest access token.</param>
    public async Task EndSessionAsync(string sessionId, DateTimeOffset latestExpiry)
    {
        await db.Sessions.Where(row => row.SessionId == sessionId).ExecuteDeleteAsync();
        Append(Denial.OfSession(sessionId, DenialRetention.ForgetAfter(latestExpiry)));
    }

    /// <summary>Ends one access token; asked again, it is not written again.</summary>
    public async Task EndTokenAsync(AccessToken token)
    {
        if (!await db.Denials.AnyAsync(row => row.Name == token.JwtId && row.Kind == DenialKind.Token && row.TokenSubject == token.Subject))
            Append(Denial.OfToken(token.Subject, token.JwtId, DenialRetention.ForgetAfter(token.ExpiresAt)));
    }

    /// <summary>
    /// Ends all sessions and access tokens of an account, by a new generation: what is being issued at this moment carries the old one.
    /// </summary>
    /// <param name="subject">The account.</param>
    /// <param name="exceptSessionId">A session that is spared, and goes on with the new generation.</param>
    /// <param name="sparesSessions">Spares every session: only access tokens end, and the next ones say what holds now.</param>
    /// <returns>How many sessions were ended, of refresh tokens and of cookies.</returns>
    public async Task<(int RefreshTokens, int Sessions)> EndSubjectAsync(
        string subject, string? exceptSessionId = null, bool sparesSessions = false)
    {
        await db.Users.Where(row => row.Id == subject)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Generation, row => row.Generation + 1));
        long generation = await db.Users.Where(row => row.Id == subject).Select(row => row.Generation).SingleAsync();
        IQueryable<SessionRow> others =
            db.Sessions.Where(row => row.Subject == subject && row.SessionId != exceptSessionId && !sparesSessions);
        (int, int) ended = (await others.Where(row => row.CookieHash == null).ExecuteDeleteAsync(), await others.ExecuteDeleteAsync());
        await db.Sessions.Where(row => row.Subject == subject)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Generation, generation));
        DateTimeOffset forgetAt = LatestForgetting();

        // What this denial says as well goes: an account that is ended again and again has one row for each session that was spared, not
        // one for each time.
        IQueryable<DenialRow> superseded = db.Denials.Where(row =>
            row.Name == subject && row.Kind == DenialKind.Subject && (exceptSessionId == null || row.ExceptSessionId == exceptSessionId));
        if (await superseded.MaxAsync(row => row.ExpiresAt) is { } later && later > forgetAt)
            forgetAt = later;
        await superseded.ExecuteDeleteAsync();
        Append(Denial.OfSubject(subject, generation, exceptSessionId, forgetAt));
        return ended;
    }

    /// <summary>
    /// Ends what <see cref="EndSubjectAsync"/> ends, and the account's personal access tokens; those made from them are of an earlier
    /// generation.
    /// </summary>
    public async Task EndAccountAsync(string subject, string? exceptSessionId = null)
    {
        await EndSubjectAsync(subject, exceptSessionId);
        await db.PersonalAccessTokens.Where(row => row.Subject == subject).ExecuteDeleteAsync();
    }

    /// <summary>
    /// Ends personal access tokens, with the access tokens that were made from them and those that are being made at this moment.
    /// </summary>
    /// <returns>Those that there were.</returns>
    public async Task<IReadOnlyList<PersonalAccessTokenRow>> EndPersonalAccessTokensAsync(IQueryable<PersonalAccessTokenRow> which)
    {
        List<PersonalAccessTokenRow> ended = await which.AsNoTracking().ToListAsync();
        await which.ExecuteDeleteAsync();
        foreach (PersonalAccessTokenRow row in ended)
            Append(Denial.OfSession(row.Id, LatestForgetting()));
        return ended;
    }

    /// <summary>Ends every token that a key has signed.</summary>
    public void EndKey(string keyId) => Append(Denial.OfKey(keyId));

    /// <summary>Makes it durable, and then known to every check of this process.</summary>
    public async Task CommitAsync(WriteTransaction transaction)
    {
        bool denies = db.ChangeTracker.Entries<DenialRow>().Any();
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        if (denies && tail is not null)
            await tail.ReadAsync();
    }

    // For all that may have been issued until now: a token of a lifetime that was configured once, and of a login that was slow to sign,
    // counts as well.
    private DateTimeOffset LatestForgetting() => DenialRetention.ForgetAfter(time.GetUtcNow() + TokenValidator.MaximumLifetime);

    private void Append(Denial denial) => db.Denials.Add(DenialRow.Of(denial));
}
