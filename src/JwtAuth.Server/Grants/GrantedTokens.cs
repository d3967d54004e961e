using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.RefreshTokens;

namespace JwtAuth.Server.Grants;

/// <summary>What a grant returns (RFC 6749 §5.1).</summary>
/// <param name="AccessToken">The access token.</param>
/// <param name="Scopes">What was granted.</param>
/// <param name="RefreshToken">The next refresh token; <see langword="null"/> if there is none.</param>
/// <param name="SessionEndsAt">The absolute end of the refresh token's session.</param>
internal sealed record GrantedTokens(
    IssuedToken AccessToken, IReadOnlyList<string> Scopes, RefreshToken? RefreshToken = null, DateTimeOffset? SessionEndsAt = null);
