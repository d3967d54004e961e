using System.Text.Json.Serialization;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.RefreshTokens;

namespace JwtAuth.Server.Endpoints.Account;

/// <summary>A token reply (RFC 6749 §5.1).</summary>
/// <param name="AccessToken">The signed JWT (RFC 9068).</param>
/// <param name="TokenType" example="Bearer">Always `Bearer`.</param>
/// <param name="ExpiresIn" example="300">Remaining life in seconds.</param>
/// <param name="Scope" example="orders:read offline_access">What was granted.</param>
/// <param name="RefreshToken" example="jrt_…">Where `offline_access` was granted, and no cookie was asked for: good for one refresh.</param>
internal sealed record TokenReply(
    string AccessToken,
    string TokenType,
    long ExpiresIn,
    string Scope,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? RefreshToken = null)
{
    public static TokenReply Of(IssuedToken token, IReadOnlyList<string> scopes, string? refreshToken = null) =>
        new(token.Value, "Bearer", (long)token.Lifetime.TotalSeconds, string.Join(' ', scopes), refreshToken);

    public override string ToString() => "[token reply]";
}

/// <summary>Writes the reply of a login or a refresh of a session: an access token, and the refresh token in the body or in the cookie.</summary>
internal sealed class SessionReplies(TokenIssuer issuer, RefreshTokenCodec codec, RefreshCookie cookie)
{
    public TokenReply Of(Rotation.Successor session, IReadOnlyList<string> scopes, HttpResponse response, bool byCookie)
    {
        var refreshToken = new RefreshToken(session.SessionId, session.Counter);
        if (byCookie)
            cookie.Write(response, refreshToken, session.ExpiresAt);
        IssuedToken token = issuer.Issue(session.Account, session.Audience, scopes, session.SessionId, session.At);
        return TokenReply.Of(token, scopes, byCookie ? null : codec.Write(refreshToken));
    }
}
