using JwtAuth.Bearer.AccessTokens;

namespace JwtAuth.Server.Accounts;

/// <summary>Who asks for a change, by which credential. Whether it stands is asked in the transaction that makes the change.</summary>
/// <param name="Subject">The account.</param>
/// <param name="Generation">The generation that the credential carries.</param>
/// <param name="SessionId">The login that it comes from.</param>
/// <param name="Token">The access token that was sent, if one was.</param>
internal sealed record Caller(string Subject, long Generation, string SessionId, AccessToken? Token)
{
    public static Caller Of(AccessToken token) => new(token.Subject, token.Generation, token.SessionId, token);
}
