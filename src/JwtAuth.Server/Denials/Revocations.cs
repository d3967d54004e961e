using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Denials;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Denials;

/// <summary>
/// Ends sessions and tokens. Sessions and their refresh tokens are deleted in the same transaction as the change that ends them. The
/// denials of their access tokens are appended to the log there too. When <see cref="CommitAsync"/> returns, every check in this process
/// knows of them.
/// </summary>
internal sealed class Revocations(Db db, TimeProvider time, DenialTail? tail = null)
{
    /// <summary>Ends a session together with its cookie, or with its refresh token and access tokens.</summary>
    public Task EndSessionAsync(SessionRow session) =>
        EndSessionAsync(session.SessionId, session.CookieHash is null ? session.TokensUntil : time.GetUtcNow());

    /// <summary>Ends a session together with its refresh token and access tokens.</summary>
    /// <param name="sessionId">The session need not have a row: a login without <c>offline_access</c> has none.</param>
    /// <param name="latestExpiry">The <c>exp</c> of its latest access token.</param>
    public async Task EndSessionAsync(string sessionId, DateTimeOffset latestExpiry)
    {
        await db.Sessions.Where(row => row.SessionId == sessionId).ExecuteDeleteAsync();
        Append(Denial.OfSession(sessionId, DenialRetention.ForgetAfter(latestExpiry)));
    }

    /// <summary>Ends one access token. A second call writes nothing.</summary>
    public async Task EndTokenAsync(AccessToken token)
    {
        if (!await db.Denials.AnyAsync(row => row.Name == token.JwtId && row.Kind == DenialKind.Token && row.TokenSubject == token.Subject))
            Append(Denial.OfToken(token.Subject, token.JwtId, DenialRetention.ForgetAfter(token.ExpiresAt)));
    }

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
        await db.Users.Where(row => row.Id == subject)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Generation, row => row.Generation + 1));
        long generation = await db.Users.Where(row => row.Id == subject).Select(row => row.Generation).SingleAsync();
        IQueryable<SessionRow> others =
            db.Sessions.Where(row => row.Subject == subject && row.SessionId != exceptSessionId && !sparesSessions);
        (int, int) ended = (await others.Where(row => row.CookieHash == null).ExecuteDeleteAsync(), await others.ExecuteDeleteAsync());
        await db.Sessions.Where(row => row.Subject == subject)
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Generation, generation));
        DateTimeOffset forgetAt = LatestForgetting();

        // Older denials that this one covers are deleted. So an account that is ended again and again has one row for each session that was
        // spared, not one for each time.
        IQueryable<DenialRow> superseded = db.Denials.Where(row =>
            row.Name == subject && row.Kind == DenialKind.Subject && (exceptSessionId == null || row.ExceptSessionId == exceptSessionId));
        if (await superseded.MaxAsync(row => row.ExpiresAt) is { } later && later > forgetAt)
            forgetAt = later;
        await superseded.ExecuteDeleteAsync();
        Append(Denial.OfSubject(subject, generation, exceptSessionId, forgetAt));
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
            Append(Denial.OfSession(row.Id, LatestForgetting()));
        return ended;
    }

    /// <summary>Ends every token that a key has signed.</summary>
    public void EndKey(string keyId) => Append(Denial.OfKey(keyId));

    /// <summary>Commits the transaction, and then lets every check of this process know.</summary>
    public async Task CommitAsync(WriteTransaction transaction)
    {
        bool denies = db.ChangeTracker.Entries<DenialRow>().Any();
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        if (denies && tail is not null)
            await tail.ReadAsync();
    }

    // Covers everything that may have been issued until now, also tokens of a longer lifetime that was configured before, and those of a
    // login that was slow to sign.
    private DateTimeOffset LatestForgetting() => DenialRetention.ForgetAfter(time.GetUtcNow() + TokenValidator.MaximumLifetime);

    private void Append(Denial denial) => db.Denials.Add(DenialRow.Of(denial));
}
