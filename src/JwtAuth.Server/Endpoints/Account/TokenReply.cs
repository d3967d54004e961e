using System.Text.Json.Serialization;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Descriptions;
using JwtAuth.Server.Grants;
using JwtAuth.Server.RefreshTokens;

namespace JwtAuth.Server.Endpoints.Account;

/// <summary>A token reply (RFC 6749 §5.1).</summary>
/// <param name="AccessToken">The signed JWT (RFC 9068).</param>
/// <param name="TokenType" example="Bearer">Always `Bearer`.</param>
/// <param name="ExpiresIn" example="300">How long it is still good, in seconds.</param>
/// <param name="Scope" example="orders:read offline_access">What was granted.</param>
/// <param name="RefreshToken" example="jrt_…">
/// There is one if `offline_access` was granted and no cookie was asked for. Good for one refresh.
/// </param>
internal sealed record TokenReply(
    string AccessToken,
    [property: Words("Bearer")] string TokenType,
    long ExpiresIn,
    string Scope,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? RefreshToken = null)
{
    public override string ToString() => "[token reply]";
}

/// <summary>Writes the reply of a grant. The refresh token, if there is one, goes into the body or the cookie.</summary>
internal sealed class TokenReplies(RefreshTokenCodec codec, RefreshCookie cookie)
{
    /// <summary>The session of the request's refresh cookie, if it is one of ours.</summary>
    public string? HeldSession(HttpRequest request) => cookie.TryRead(request, out RefreshToken held) ? held.SessionId : null;

    public TokenReply Of(GrantedTokens granted, HttpResponse response, bool byCookie = false, bool isPersistent = true)
    {
        string? refreshToken = null;
        if (granted is { RefreshToken: { } token, SessionEndsAt: { } endsAt })
        {
            if (byCookie)
                cookie.Write(response, token, endsAt, isPersistent);
            else
                refreshToken = codec.Write(token);
        }
        return new TokenReply(
            granted.AccessToken.Value, "Bearer", (long)granted.AccessToken.Lifetime.TotalSeconds, string.Join(' ', granted.Scopes),
            refreshToken);
    }
}
