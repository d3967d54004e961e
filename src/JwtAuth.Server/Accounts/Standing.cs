using JwtAuth.Bearer.Denials;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Accounts;

/// <summary>Checks in the store whether a caller's credential is still good, in the transaction that needs the answer.</summary>
internal sealed class Standing(Db db)
{
    /// <summary>
    /// Whether the caller's account is enabled, its session is there if the credential is a session's own, and no denial covers it. The
    /// store is asked even if the denylist is off: a call that changes something must not rely on what a token said minutes ago.
    /// </summary>
    public async Task<bool> HoldsAsync(Caller caller)
    {
        if (!await db.Users.AnyAsync(row => row.Id == caller.Subject && row.DisabledAt == null && row.Generation >= caller.Generation))
            return false;
        if (caller.IsOfSession && !await db.Sessions.AnyAsync(row => row.SessionId == caller.SessionId))
            return false;
        string? jwtId = caller.Token?.JwtId, keyId = caller.Token?.KeyId;
        return !await db.Denials.AnyAsync(row =>
            (row.Name == caller.Subject && row.Kind == DenialKind.Subject && row.BelowGeneration > caller.Generation
                && (row.ExceptSessionId == null || row.ExceptSessionId != caller.SessionId))
            || (row.Name == caller.SessionId && row.Kind == DenialKind.Session)
            || (row.Name == jwtId && row.Kind == DenialKind.Token && row.TokenSubject == caller.Subject)
            || (row.Name == keyId && row.Kind == DenialKind.Key));
    }
}
