using System.Net;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.Clients;

namespace JwtAuth.Server.Composition;

/// <summary>Everything that is configured, checked as a whole before anything starts. Each feature is handed its own part.</summary>
internal sealed record Settings(
    IssuerSettings Issuer,
    AccessTokenSettings AccessTokens,
    RefreshTokenSettings RefreshTokens,
    SessionSettings Sessions,
    SignedCookieSettings SignedCookies,
    BasicSettings Basic,
    DenylistSettings Denylist,
    ClientSettings Clients,
    SigningKeySettings SigningKeys,
    PasswordSettings Passwords,
    StorageSettings Storage,
    HttpSettings Http);

/// <summary>Who issues, for whom, and what may be granted.</summary>
/// <param name="Url">The <c>iss</c> of every token and the audience of the account: an origin without a trailing slash.</param>
/// <param name="Audiences">The APIs; the first is what a login gets that asks for none.</param>
/// <param name="Scopes">Each scope with the roles that may have it; no role means everyone.</param>
internal sealed record IssuerSettings(string Url, IReadOnlyList<string> Audiences, IReadOnlyDictionary<string, IReadOnlyList<string>> Scopes)
{
    /// <summary>Whether tokens are issued for this audience.</summary>
    public bool Knows(string audience) => audience == Url || Audiences.Contains(audience);

    public bool IsHttps => Url.StartsWith("https:", StringComparison.Ordinal);
}

internal sealed record AccessTokenSettings(TimeSpan Lifetime, TimeSpan ClockSkew)
{
    /// <summary>The <c>exp</c> of a token that is issued at a moment: a whole second.</summary>
    public DateTimeOffset ExpiryOf(DateTimeOffset issuedAt) =>
        DateTimeOffset.FromUnixTimeSeconds(issuedAt.ToUnixTimeSeconds() + (long)Lifetime.TotalSeconds);
}

/// <summary>How long a login goes on.</summary>
/// <param name="Lifetime">How long after its login a session ends, however much it is used.</param>
/// <param name="IdleLifetime">How long after its last use a session ends.</param>
internal abstract record SessionLifetimes(TimeSpan Lifetime, TimeSpan IdleLifetime)
{
    /// <summary>When a session ends that is not used any more.</summary>
    public DateTimeOffset EndOf(DateTimeOffset absoluteEnd, DateTimeOffset lastUse) =>
        absoluteEnd < lastUse + IdleLifetime ? absoluteEnd : lastUse + IdleLifetime;
}

/// <summary>Sessions of refresh tokens.</summary>
/// <param name="Lifetime">How long after its login a session ends, however much it is used.</param>
/// <param name="IdleLifetime">How long after its last use a session ends.</param>
/// <param name="ReuseWindow">How long after its use a refresh token is answered with the same successor; zero: never, and who asks again ends the session.</param>
internal sealed record RefreshTokenSettings(TimeSpan Lifetime, TimeSpan IdleLifetime, TimeSpan ReuseWindow) : SessionLifetimes(Lifetime, IdleLifetime);

/// <summary>Sessions of a cookie.</summary>
internal sealed record SessionSettings(TimeSpan Lifetime, TimeSpan IdleLifetime) : SessionLifetimes(Lifetime, IdleLifetime);

/// <param name="Enabled">Whether a login may ask for one.</param>
/// <param name="Lifetime">How long it is good, and a copy of it after a logout.</param>
internal sealed record SignedCookieSettings(bool Enabled, TimeSpan Lifetime);

/// <param name="Enabled">Whether name and password are taken with each request (RFC 7617).</param>
internal sealed record BasicSettings(bool Enabled);

/// <param name="Enabled">Whether checks ask the denylist; without it an access token lives until it expires.</param>
internal sealed record DenylistSettings(bool Enabled);

/// <summary>The clients that may ask about tokens, by id.</summary>
internal sealed record ClientSettings(IReadOnlyDictionary<string, Client> ById);

/// <param name="Algorithm">What new tokens are signed with.</param>
/// <param name="RotateEvery">Age at which a key stops signing.</param>
/// <param name="PublishAhead">How long before it signs a successor stands in the JWKS.</param>
/// <param name="Hs256Secret">The secret that APIs share, or <see langword="null"/>.</param>
internal sealed record SigningKeySettings(SignatureAlgorithm Algorithm, TimeSpan RotateEvery, TimeSpan PublishAhead, byte[]? Hs256Secret);

internal sealed record PasswordSettings(int WorkFactor, int MinimumLength, int MaxConcurrentHashes, int QueueLimit, TimeSpan MaxQueueWait);

/// <param name="DataDirectory">Absolute path.</param>
/// <param name="ConnectionString">Of the SQLite database.</param>
/// <param name="MasterKey">32 bytes, or <see langword="null"/> where it lives in the data directory (Development).</param>
internal sealed record StorageSettings(string DataDirectory, string ConnectionString, byte[]? MasterKey);

/// <param name="CorsOrigins">Exact origins.</param>
/// <param name="TrustedNetworks">Whose forwarded headers are believed.</param>
/// <param name="RegistrationOpen">Whether strangers may make accounts.</param>
/// <param name="SwaggerEnabled">Whether <c>/swagger</c> is there.</param>
/// <param name="LabEnabled">Whether <c>/lab/</c> is there.</param>
/// <param name="MayListenBeyondLoopback">Whether Development may be reached from elsewhere.</param>
internal sealed record HttpSettings(
    IReadOnlyList<string> CorsOrigins,
    IReadOnlyList<IPNetwork> TrustedNetworks,
    bool RegistrationOpen,
    bool SwaggerEnabled,
    bool LabEnabled,
    bool MayListenBeyondLoopback);
