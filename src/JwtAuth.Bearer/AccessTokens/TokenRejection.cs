using Microsoft.IdentityModel.Tokens;

namespace JwtAuth.Bearer.AccessTokens;

/// <summary>
/// Why a token was refused. The list is closed. On the wire all look the same, <c>Bearer error="invalid_token"</c> (RFC 6750 §3.1),
/// except for the two that are temporary. <see cref="Reason"/> and <see cref="Hint"/> go to the log and, in Development only, into the
/// reply. A rejection contains nothing of the token.
/// </summary>
public sealed class TokenRejection
{
    private static readonly List<TokenRejection> Catalogue = [];

    private readonly Func<string, SecurityTokenException>? newException;

    /// <summary>Longer than <see cref="TokenValidator.MaximumLength"/>.</summary>
    public static readonly TokenRejection TooLong = new("too_long", "The token is longer than 8192 characters. Ask for fewer scopes.");

    /// <summary>Not the compact serialization (RFC 7515 §7.1).</summary>
    public static readonly TokenRejection NotCompact = new("not_compact",
        "A token is three parts, each base64url without padding, joined by two dots. Send it whole and unchanged after \"Bearer \".");

    /// <summary>A personal access token of the service.</summary>
    public static readonly TokenRejection PersonalAccessToken = new("personal_access_token",
        "This is a personal access token (jpat_…). Only the auth service takes it: send it to POST /auth/login as personal_access_token, "
            + "with the audience of this API, and send here the access token that comes back.");

    /// <summary>A refresh token of the service.</summary>
    public static readonly TokenRejection RefreshToken = new("refresh_token",
        "This is a refresh token (jrt_…). It belongs in the body of POST /auth/refresh and nowhere else: send the access token that came "
            + "with it.");

    /// <summary>The JOSE header is not a strict JSON object with the required members (RFC 7515 §4).</summary>
    public static readonly TokenRejection MalformedHeader = new("malformed_header",
        "The header must be one JSON object in UTF-8 with unique names and with alg, kid and typ as strings.");

    /// <summary>The header demands an extension (RFC 7515 §4.1.11, RFC 7797).</summary>
    public static readonly TokenRejection CriticalExtension =
        new("critical_extension", "No JWS extension is understood here: crit and b64 are refused.");

    /// <summary>The header contains a key or says where to find one (RFC 7515 §4.1.2, §4.1.3, §4.1.5, §4.1.6).</summary>
    public static readonly TokenRejection KeyInHeader = new("key_in_header",
        "Keys come from the issuer, never from a token (RFC 8725 §3.10): jwk, jku, x5u and x5c are refused.");

    /// <summary><c>typ</c> is not <c>at+jwt</c> (RFC 9068 §4).</summary>
    public static readonly TokenRejection WrongType =
        new("wrong_type", "Only access tokens are taken: typ must be at+jwt. Was this an ID token or another JWT?",
            message => new SecurityTokenInvalidTypeException(message));

    /// <summary><c>alg</c> is not one of ours, or not the key's (RFC 8725 §3.1).</summary>
    public static readonly TokenRejection WrongAlgorithm =
        new("wrong_algorithm", "alg must be RS256, ES256 or HS256, and the one that its key is for.",
            message => new SecurityTokenInvalidAlgorithmException(message));

    /// <summary>No key has this <c>kid</c>.</summary>
    public static readonly TokenRejection UnknownKey = new("unknown_key",
        "No key has this kid: the token comes from another issuer, or its key was revoked, "
            + "or is gone because all its tokens have expired. Log in again. For HS256 an API needs JwtAuth:SharedSecrets.",
            message => new SecurityTokenSignatureKeyNotFoundException(message));

    /// <summary>
    /// No key has this <c>kid</c>, but the issuer's keys could not be read just now, so it may be a new one. Temporary: 503 with
    /// <c>Retry-After</c>.
    /// </summary>
    public static readonly TokenRejection KeysUnknown =
        new("keys_unknown", "The issuer's keys cannot be read at the moment, and this kid is none of those that are known. Try again.");

    /// <summary>The signature over these bytes was not made by the key.</summary>
    public static readonly TokenRejection BadSignature =
        new("bad_signature", "The signature does not fit: the token was changed or signed by somebody else.",
            message => new SecurityTokenInvalidSignatureException(message));

    /// <summary>The claims set is not a strict JSON object (RFC 7519 §7.2).</summary>
    public static readonly TokenRejection MalformedClaims = new("malformed_claims",
        "The claims set must be one JSON object in UTF-8 with unique names at every depth and nothing after it.");

    /// <summary>
    /// A claim that RFC 9068 §2.2 or this product requires is missing, or has the wrong type, is empty or too long, or holds control
    /// characters.
    /// </summary>
    public static readonly TokenRejection InvalidClaim = new("invalid_claim",
        "iss, sub, aud, exp, iat, jti, client_id and gen must be there. They, and sid, are of the right JSON type, "
            + "not empty and without control characters.");

    /// <summary><c>iss</c> names another issuer (RFC 9068 §4).</summary>
    public static readonly TokenRejection WrongIssuer =
        new("wrong_issuer", "iss is not the issuer that this API trusts. Compare it letter by letter, the last slash too.",
            message => new SecurityTokenInvalidIssuerException(message));

    /// <summary><c>aud</c> does not name this API (RFC 9068 §4).</summary>
    public static readonly TokenRejection WrongAudience =
        new("wrong_audience", "The token was issued for another audience. Log in with the audience of this API.",
            message => new SecurityTokenInvalidAudienceException(message));

    /// <summary>A shared secret has signed a token for the issuer's own audience.</summary>
    public static readonly TokenRejection KeyNotForAudience =
        new("key_not_for_audience", "A secret that APIs share signs tokens for APIs, never for the account.");

    /// <summary>The time of <c>exp</c> has come (RFC 7519 §4.1.4).</summary>
    public static readonly TokenRejection Expired =
        new("expired", "The token has expired. Log in again, and compare the clocks if it was fresh.",
            message => new SecurityTokenExpiredException(message));

    /// <summary><c>nbf</c> or <c>iat</c> lies in the future (RFC 7519 §4.1.5, §4.1.6).</summary>
    public static readonly TokenRejection NotYetValid =
        new("not_yet_valid", "nbf or iat lies in the future: the clocks of issuer and API differ by more than the skew.",
            message => new SecurityTokenNotYetValidException(message));

    /// <summary><c>exp</c> is more than <see cref="TokenValidator.MaximumLifetime"/> after <c>iat</c>.</summary>
    public static readonly TokenRejection LifetimeTooLong =
        new("lifetime_too_long", "exp lies more than an hour after iat; no token is issued for so long.",
            message => new SecurityTokenInvalidLifetimeException(message));

    /// <summary>The token says it was issued after the key had stopped signing.</summary>
    public static readonly TokenRejection KeyRetired = new("key_retired", "The key was retired before this token was issued.");

    /// <summary>The token is bound to a key of its sender (<c>cnf</c>, RFC 7800). That is not checked here.</summary>
    public static readonly TokenRejection SenderConstrained =
        new("sender_constrained", "The token is bound to a client's key (cnf) and cannot be used as a plain bearer token.");

    /// <summary>
    /// The token was ended before it expired: alone, with its session, with the earlier tokens of its account, or with its key.
    /// </summary>
    public static readonly TokenRejection Denied = new(
        "denied", "The token was ended before it expired: by a logout, a revocation, a change of the account or of its key. Log in again.");

    /// <summary>
    /// Nothing is wrong with the token, but it is not known at the moment whether it was ended. Temporary: 503 with <c>Retry-After</c>.
    /// </summary>
    public static readonly TokenRejection DenialsUnknown =
        new("denials_unknown", "The log of ended tokens cannot be read at the moment, and nothing is accepted on a guess. Try again.");

    /// <summary>
    /// The account or the session behind the token has ended or changed since. Only used where the store is asked. A check of the token
    /// alone never asks it.
    /// </summary>
    public static readonly TokenRejection NotStanding =
        new("not_standing", "The account or the session was ended or changed since this token was issued. Log in again.");

    private TokenRejection(string reason, string hint, Func<string, SecurityTokenException>? newException = null)
    {
        (Reason, Hint, this.newException, Position) = (reason, hint, newException, Catalogue.Count);
        Catalogue.Add(this);
    }

    /// <summary>Every rejection there is.</summary>
    public static IReadOnlyList<TokenRejection> All => Catalogue;

    /// <summary>A stable name for the reason.</summary>
    public string Reason { get; }

    /// <summary>What a developer can do about it.</summary>
    public string Hint { get; }

    /// <summary>Whether nothing is known to be wrong with the token.</summary>
    public bool IsTemporary => this == KeysUnknown || this == DenialsUnknown;

    /// <summary>Where it stands in the order of the checks.</summary>
    internal int Position { get; }

    /// <summary>
    /// The rejection that an exception stands for: that of a failed authentication, or of an event of JwtBearer. <see langword="null"/> if
    /// the token was refused by something else.
    /// </summary>
    public static TokenRejection? Of(Exception? failure) => failure?.Data[nameof(TokenRejection)] as TokenRejection;

    /// <summary>
    /// The same as an exception, of the type that applications know from JwtBearer. It contains nothing of the token but its times.
    /// </summary>
    internal SecurityTokenException ToException(DateTime notBefore = default, DateTime expires = default)
    {
        string message = $"Access token refused: {Reason}";
        SecurityTokenException made = newException?.Invoke(message) ?? new SecurityTokenException(message);
        if (made is SecurityTokenExpiredException expired)
            expired.Expires = expires;
        else if (made is SecurityTokenNotYetValidException early)
            early.NotBefore = notBefore;
        made.Data[nameof(TokenRejection)] = this;
        return made;
    }

    /// <summary>The rejection of a text that is no JWT. The service's other tokens say what they are by their beginning.</summary>
    internal static TokenRejection OfText(ReadOnlySpan<char> text) =>
        text.StartsWith("jpat_") ? PersonalAccessToken : text.StartsWith("jrt_") ? RefreshToken : NotCompact;

    /// <inheritdoc/>
    public override string ToString() => Reason;
}
