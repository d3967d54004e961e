using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Bearer;

/// <summary>Whether an API hears which tokens were ended before they expired.</summary>
public enum DenialsFrom
{
    /// <summary>From the issuer's feed, within a blink. It needs a client that may: <see cref="JwtAuthBearerOptions.ClientId"/>.</summary>
    Feed,

    /// <summary>From nowhere: a token that was ended lives here until it expires.</summary>
    None,
}

/// <summary>
/// Whose access tokens an API takes. Nothing here has a default that switches a check off: what is missing stops the start. Of the scheme
/// <c>Bearer</c> the first six are read from the configuration's section <c>JwtAuth</c> as well.
/// </summary>
public sealed class JwtAuthBearerOptions
{
    private const int LongestSharedSecret = 1024;

    /// <summary>
    /// The issuer: <c>iss</c> must be exactly this (RFC 9068 §4), and its keys are read from there. https, or http on loopback. Required.
    /// </summary>
    public string Authority { get; set; } = "";

    /// <summary>
    /// The audiences that this API answers to: <c>aud</c> must name one of them. At least one (<c>JwtAuth:Audience</c>, or a list of them).
    /// </summary>
    public IList<string> Audiences { get; } = [];

    /// <summary>Where denials come from. Required: an API either hears of them, or says that it does not.</summary>
    public DenialsFrom? Denials { get; set; }

    /// <summary>The <c>client_id</c> of this API at the issuer, which lets it read the feed (<c>May: denials</c>).</summary>
    public string? ClientId { get; set; }

    /// <summary>Its secret.</summary>
    public string? ClientSecret { get; set; }

    /// <summary>
    /// The secrets, base64 and 32 bytes or more, that this API shares with the issuer for HS256; two while one takes the other's place.
    /// Empty for RS256 and ES256.
    /// </summary>
    public IList<string> SharedSecrets { get; } = [];

    /// <summary>Tolerance for clocks that differ, from zero to a minute; 30 seconds by default.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long the feed may be silent before nothing is accepted any more (503 with <c>Retry-After</c>): 10 seconds to 10 minutes; 30
    /// seconds by default.
    /// </summary>
    public TimeSpan MaximumSilence { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Whether tokens are accepted though the feed has been silent for longer than <see cref="MaximumSilence"/>, at first since the start:
    /// an outage of the issuer then hides what was ended meanwhile. False by default.
    /// </summary>
    public bool AcceptWhileSilent { get; set; }

    /// <summary>
    /// How many tokens that were seen and found good are remembered, about 4 KB each, so that they are not verified again: 0 to 1,000,000;
    /// 10,000 by default.
    /// </summary>
    public int CacheSize { get; set; } = 10_000;

    /// <summary>
    /// What carries the calls to the issuer; by default a handler that follows no redirects. For a proxy, or a certificate authority of
    /// one's own.
    /// </summary>
    public HttpMessageHandler? BackchannelHttpHandler { get; set; }

    /// <summary>What the configuration says in two ways.</summary>
    internal string? ConfigurationFault { get; set; }

    /// <summary>What is wrong with the rules of checking; <see langword="null"/> if nothing.</summary>
    internal string? Fault =>
        AuthorityFault
        ?? (Audiences.Count == 0
        || Audiences.Any(string.IsNullOrEmpty) ? "JwtAuth:Audience is missing or holds an empty name: name this API's audience." : null)
        ?? (ClockSkew < TimeSpan.Zero
        || ClockSkew > TokenValidator.MaximumClockSkew ? "ClockSkew must lie between zero and one minute." : null)
        ?? (CacheSize is < 0 or > 1_000_000 ? "CacheSize must lie between 0 and 1,000,000 tokens." : null);

    /// <summary>What is wrong for an API, which hears of keys and denials from elsewhere.</summary>
    internal string? RemoteFault =>
        Fault
        ?? ConfigurationFault
        ?? (Denials is null
            ? "JwtAuth:Denials must be said: Feed, with JwtAuth:ClientId and JwtAuth:ClientSecret, "
                + "to hear of ended tokens; or None, to take them until they expire."
            : null)
        ?? (Denials == DenialsFrom.Feed && (string.IsNullOrEmpty(ClientId) || string.IsNullOrEmpty(ClientSecret))
            ? "JwtAuth:ClientId and JwtAuth:ClientSecret are needed for JwtAuth:Denials=Feed: "
                + "make them at the issuer with \"clients secret\" and let the client read denials."
            : null)
        ?? (MaximumSilence < TimeSpan.FromSeconds(10)
        || MaximumSilence > TimeSpan.FromMinutes(10) ? "MaximumSilence must lie between 10 seconds and 10 minutes." : null)
        ?? (SharedSecrets.Any(secret => BytesOf(secret) is null)
            ? $"JwtAuth:SharedSecrets holds one that is not base64 of {VerificationKey.ShortestSecret} to {LongestSharedSecret} bytes; "
                + "make one with: openssl rand -base64 32."
            : null);

    /// <summary>What of this the check of a token has to know.</summary>
    internal ValidationRules Rules => new(Authority, [.. Audiences], ClockSkew) { AcceptWhileSilent = AcceptWhileSilent };

    internal IReadOnlyList<byte[]> SharedSecretBytes => [.. SharedSecrets.Select(secret => BytesOf(secret)!)];

    private string? AuthorityFault =>
        string.IsNullOrEmpty(Authority) ? "JwtAuth:Authority is missing: set it to the issuer's URL."
        : !Uri.TryCreate(Authority, UriKind.Absolute, out Uri? url) || (url.Scheme != Uri.UriSchemeHttps && url.Scheme != Uri.UriSchemeHttp)
            ? "JwtAuth:Authority is no URL: set it to the issuer's, such as https://auth.example.com."
        : Authority.EndsWith('/')
        ? "JwtAuth:Authority ends with a slash, which the issuer's name does not: iss is compared letter by letter."
        : url.Scheme == Uri.UriSchemeHttp && !url.IsLoopback
        ? "JwtAuth:Authority is plain http: whoever sits between could bring keys of his own; use https (http is for loopback alone)."
        : null;

    private static byte[]? BytesOf(string secret)
    {
        byte[] bytes = new byte[LongestSharedSecret];
        return secret.Length <= 2 * LongestSharedSecret
            && Convert.TryFromBase64String(secret, bytes, out int length) && length >= VerificationKey.ShortestSecret
            ? bytes[..length]
            : null;
    }
}
