using JwtAuth.Bearer.Denials;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Accounts;

/// <summary>Asks the store whether a caller still stands, in the transaction that the answer is for.</summary>
internal sealed class Standing(Db db)
{
    /// <summary>
    /// Whether the caller's account is enabled and nothing has denied the credential. Asked in the store also where checks ask no denylist:
    /// calls that change something do not live on what a token said minutes ago.
    /// </summary>
    public async Task<bool> HoldsAsync(Caller caller)
    {
        if (!await db.Users.AnyAsync(row => row.Id == caller.Subject && row.DisabledAt == null && row.Generation >= caller.Generation))
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
