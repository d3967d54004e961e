using System.Buffers.Text;
using System.Text.Json;

namespace JwtAuth.Tests.Faults;

/// <summary>A session as far as its client has been told, in that order.</summary>
internal sealed record RecordedSession(string SessionId)
{
    /// <summary>The session of a login.</summary>
    public static RecordedSession Of(string accessToken) =>
        new(JsonDocument.Parse(Base64Url.DecodeFromChars(accessToken.Split('.')[1])).RootElement.GetProperty("sid").GetString()!);

    /// <summary>Every refresh token that was acknowledged. The last is the good one.</summary>
    public List<string> RefreshTokens { get; } = [];

    /// <summary>Access tokens that live as long as the session.</summary>
    public List<string> AccessTokens { get; } = [];

    /// <summary>Access tokens that were revoked alone.</summary>
    public List<string> Revoked { get; } = [];

    /// <summary>
    /// The youngest refresh token that must not be taken again: with a reuse window the one before the present one may still be.
    /// </summary>
    public string? UsedUp(bool hasWindow) => RefreshTokens.SkipLast(hasWindow ? 2 : 1).LastOrDefault();
}
