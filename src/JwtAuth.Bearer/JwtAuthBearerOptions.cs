using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Bearer;

/// <summary>Whether an API hears of tokens that were ended before they expired.</summary>
public enum DenialsFrom
{
    /// <summary>
    /// From the issuer's feed, almost at once. This needs a client with the right to read it: <see cref="JwtAuthBearerOptions.ClientId"/>.
    /// </summary>
    Feed,

    /// <summary>From nowhere. A token that was ended is accepted here until it expires.</summary>
    None,
}

/// <summary>
/// Whose access tokens an API accepts. No default switches a check off: if a setting is missing, the start fails. For the scheme
/// <c>Bearer</c>, the first six are also read from the section <c>JwtAuth</c> of the configuration.
/// </summary>
public sealed class JwtAuthBearerOptions
{
    private const int LongestSharedSecret = 1024;

    /// <summary>
    /// The issuer's URL. <c>iss</c> must be exactly this (RFC 9068 §4), and the keys are read from there. https, or http on loopback.
    /// Required.
    /// </summary>
    public string Authority { get; set; } = "";

    /// <summary>
    /// The audiences of this API. <c>aud</c> must name one of them. At least one is required (<c>JwtAuth:Audience</c>, or a list of them).
    /// </summary>
    public IList<string> Audiences { get; } = [];

    /// <summary>Where denials come from. Required, so that an API that does not hear of them says so.</summary>
    public DenialsFrom? Denials { get; set; }

    /// <summary>The <c>client_id</c> of this API at the issuer. With it the API reads the feed (<c>May: denials</c>).</summary>
    public string? ClientId { get; set; }

    /// <summary>The secret of that client.</summary>
    public string? ClientSecret { get; set; }

    /// <summary>
    /// The secrets that this API shares with the issuer for HS256, in base64, each 32 bytes or more. Two while one replaces the other.
    /// Empty for RS256 and ES256.
    /// </summary>
    public IList<string> SharedSecrets { get; } = [];

    /// <summary>The tolerance for clocks that differ: zero to a minute, by default 30 seconds.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long the feed may be silent. After that, nothing is accepted (503 with <c>Retry-After</c>). 10 seconds to 10 minutes, by default
    /// 30 seconds.
    /// </summary>
    public TimeSpan MaximumSilence { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Whether tokens are accepted even if the feed has been silent for longer than <see cref="MaximumSilence"/>. Before the first reading,
    /// the time counts from the start. During an outage of the issuer, tokens that were ended meanwhile are then accepted. False by
    /// default.
    /// </summary>
    public bool AcceptWhileSilent { get; set; }

    /// <summary>
    /// How many tokens that were seen and found good are remembered, so that they need not be verified again. Each takes about 4 KB. 0 to
    /// 1,000,000, by default 10,000.
    /// </summary>
    public int CacheSize { get; set; } = 10_000;

    /// <summary>
    /// The handler for calls to the issuer, for example for a proxy or your own certificate authority. By default, a handler that follows
    /// no redirects.
    /// </summary>
    public HttpMessageHandler? BackchannelHttpHandler { get; set; }

    /// <summary>A setting that the configuration contains in two different ways.</summary>
    internal string? ConfigurationFault { get; set; }

    /// <summary>What is wrong with the rules for checking tokens; <see langword="null"/> if nothing.</summary>
    internal string? Fault =>
        AuthorityFault
        ?? (Audiences.Count == 0
        || Audiences.Any(string.IsNullOrEmpty) ? "JwtAuth:Audience is missing or holds an empty name: name this API's audience." : null)
        ?? (ClockSkew < TimeSpan.Zero
        || ClockSkew > TokenValidator.MaximumClockSkew ? "ClockSkew must lie between zero and one minute." : null)
        ?? (CacheSize is < 0 or > 1_000_000 ? "CacheSize must lie between 0 and 1,000,000 tokens." : null);

    /// <summary>What is wrong for an API, which gets keys and denials from its issuer.</summary>
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

    /// <summary>The options that the check of a token needs.</summary>
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
