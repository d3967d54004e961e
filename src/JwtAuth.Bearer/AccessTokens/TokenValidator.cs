using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using JwtAuth.Bearer.Denials;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Bearer.AccessTokens;

/// <summary>
/// Checks access tokens (RFC 7519 §7.2, RFC 9068 §4, RFC 8725). There is one list of checks, from cheap to expensive. No claim is read
/// before the signature has been verified, but for the <c>iss</c> of a token that is refused anyway. Knows nothing of HTTP. Safe for
/// concurrent use.
/// </summary>
public sealed class TokenValidator
{
    /// <summary>The longest token that is read, in characters.</summary>
    public const int MaximumLength = 8192;

    /// <summary>The longest time from <c>iat</c> to <c>exp</c> that is accepted, whatever a key has signed.</summary>
    public static readonly TimeSpan MaximumLifetime = TimeSpan.FromHours(1);

    /// <summary>The largest tolerance for clocks that differ.</summary>
    public static readonly TimeSpan MaximumClockSkew = TimeSpan.FromMinutes(1);

    // A process that signs learns that a key was retired when it next looks at the ring, not at the same moment.
    private static readonly TimeSpan RetirementNotice = TimeSpan.FromSeconds(10);

    private const int MostLooks = 4;

    private readonly string issuer;
    private readonly HashSet<string> audiences;
    private readonly TimeSpan skew;
    private readonly IVerificationKeys keys;
    private readonly TimeProvider time;
    private readonly IDenialSource? denials;
    private readonly Denylist? denylist;
    private readonly bool acceptWhileSilent;
    private volatile KnownHeader? lastHeader;

    /// <summary>A validator for one issuer that hears no denials: a token lives until it expires.</summary>
    /// <param name="rules">Whose tokens, and for whom.</param>
    /// <param name="keys">The keys to check with.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ArgumentException">
    /// The rules name no issuer or no audience, or the skew is negative or above <see cref="MaximumClockSkew"/>.
    /// </exception>
    public TokenValidator(ValidationRules rules, IVerificationKeys keys, TimeProvider time) : this(rules, keys, time, denials: null)
    {
    }

    internal TokenValidator(ValidationRules rules, IVerificationKeys keys, TimeProvider time, IDenialSource? denials)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentException.ThrowIfNullOrEmpty(rules.Issuer, nameof(rules));
        if (rules.Audiences.Count == 0 || rules.Audiences.Any(string.IsNullOrEmpty))
            throw new ArgumentException("at least one audience, and none of them empty", nameof(rules));
        if (rules.ClockSkew < TimeSpan.Zero || rules.ClockSkew > MaximumClockSkew)
            throw new ArgumentException("the clock skew lies between zero and one minute", nameof(rules));
        issuer = rules.Issuer;
        audiences = rules.Audiences.ToHashSet(StringComparer.Ordinal);
        skew = rules.ClockSkew;
        this.keys = keys;
        this.time = time;
        this.denials = denials;
        denylist = denials?.Denylist;
        acceptWhileSilent = rules.AcceptWhileSilent;
    }

    /// <summary>Checks a token. Never throws because of what is in a token.</summary>
    /// <param name="token">The compact serialization, without the scheme.</param>
    /// <param name="accepted">The token's claims, if every check has passed.</param>
    /// <param name="rejection">The first check that failed, if one did.</param>
    public bool TryValidate(
        ReadOnlySpan<char> token, [NotNullWhen(true)] out AccessToken? accepted, [NotNullWhen(false)] out TokenRejection? rejection)
    {
        // Within the lengths that this call has written, the buffer holds only this call's bytes.
        byte[] buffer = ArrayPool<byte>.Shared.Rent(StrictJwt.BufferSizeFor(Math.Min(token.Length, MaximumLength)));
        try
        {
            accepted = null;
            VerificationKey? key = null;
            AccessTokenClaims claims = default;
            TokenIdentifiers names = default;
            KnownHeader? known = lastHeader;
            rejection =
                StrictJwt.Open(token, buffer, out StrictJwt jwt, known)
                ?? CheckType(jwt)
                ?? FindKey(jwt, out key)
                ?? CheckAlgorithm(jwt, key)
                ?? CheckSignature(jwt, key)
                ?? AccessTokenClaims.Read(jwt, out claims)
                ?? CheckIssuer(claims)
                ?? CheckAudience(claims)
                ?? CheckKeyMaySpeakFor(claims, key)
                ?? CheckTimes(claims.ExpiresAt, claims.NotBefore, claims.IssuedAt, key!)
                ?? CheckNotBound(claims)
                ?? CheckNotDenied(claims, key!, out names);
            if (rejection is not null)
                return false;
            if (known is null || !token.StartsWith(known.Text))
                lastHeader = new KnownHeader(token[..token.IndexOf('.')].ToString(), key!.Algorithm, jwt.KeyId.ToArray());
            accepted = claims.ToAccessToken(key!, names);
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// The same check. But before it refuses because something is not known, it asks the sources of the keys and denials. After a change of
    /// keys, or after a pause of the process, that is enough.
    /// </summary>
    internal async ValueTask<(AccessToken? Accepted, TokenRejection? Rejection)> ValidateAsync(string token)
    {
        long version = keys.Version;
        bool isGood = TryValidate(token, out AccessToken? accepted, out TokenRejection? rejection);
        // This runs more than once. Other keys may have arrived meanwhile, or the answer may belong to a question asked before this token's
        // key was published.
        for (int look = 0; look < MostLooks && (rejection == TokenRejection.UnknownKey || rejection == TokenRejection.KeysUnknown)
            && await keys.CatchUpAsync(version); look++)
        {
            version = keys.Version;
            isGood = TryValidate(token, out accepted, out rejection);
        }
        if (!isGood && rejection == TokenRejection.DenialsUnknown)
        {
            await denials!.CatchUpAsync();
            TryValidate(token, out accepted, out rejection);
        }
        return (accepted, rejection);
    }

    /// <summary>Whether the key that verified a token is still in use.</summary>
    internal bool StillHasKey(ValidatedToken token) => ReferenceEquals(keys.Find(token.Key.KeyIdBytes, token.Key.Algorithm), token.Key);

    /// <summary>What stands in the way of a source if a rejection is temporary, for developers.</summary>
    internal string? FaultBehind(TokenRejection rejection) =>
        rejection == TokenRejection.KeysUnknown ? keys.Fault : rejection == TokenRejection.DenialsUnknown ? denials?.Fault : null;

    /// <summary>Checks what may have changed since a token was found good.</summary>
    internal TokenRejection? CheckAgain(ValidatedToken token) =>
        CheckTimes(token.ExpiresAt, token.NotBefore, token.IssuedAt, token.Key) ?? CheckNotDenied(token.Names);

    private static TokenRejection? CheckType(in StrictJwt jwt) => jwt.IsAccessToken ? null : TokenRejection.WrongType;

    private TokenRejection? FindKey(in StrictJwt jwt, out VerificationKey? key)
    {
        key = jwt.Algorithm is { } algorithm ? keys.Find(jwt.KeyId, algorithm) : null;
        return jwt.Algorithm is null ? TokenRejection.WrongAlgorithm
            : key is not null ? null
            // A token of another scheme's issuer. Nobody is asked for its key, and it can be told even if ours cannot be read.
            : AccessTokenClaims.NameAnother(jwt, issuer) ? TokenRejection.WrongIssuer
            : keys.IsComplete ? TokenRejection.UnknownKey : TokenRejection.KeysUnknown;
    }

    private static TokenRejection? CheckAlgorithm(in StrictJwt jwt, VerificationKey? key) =>
        jwt.Algorithm == key!.Algorithm ? null : TokenRejection.WrongAlgorithm;

    private static TokenRejection? CheckSignature(in StrictJwt jwt, VerificationKey? key) =>
        key!.Verify(jwt.SigningInput, jwt.Signature) ? null : TokenRejection.BadSignature;

    private TokenRejection? CheckIssuer(in AccessTokenClaims claims) =>
        string.Equals(claims.Issuer, issuer, StringComparison.Ordinal) ? null : TokenRejection.WrongIssuer;

    private TokenRejection? CheckAudience(in AccessTokenClaims claims)
    {
        foreach (string audience in claims.Audiences)
        {
            if (audiences.Contains(audience))
                return null;
        }
        return TokenRejection.WrongAudience;
    }

    private TokenRejection? CheckKeyMaySpeakFor(in AccessTokenClaims claims, VerificationKey? key) =>
        key!.ForApisOnly && claims.Audiences.Contains(issuer) ? TokenRejection.KeyNotForAudience : null;

    private TokenRejection? CheckTimes(DateTimeOffset expiresAt, DateTimeOffset notBefore, DateTimeOffset issuedAt, VerificationKey key)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (expiresAt - issuedAt > MaximumLifetime)
            return TokenRejection.LifetimeTooLong;
        // Adjust the clock, never the claim: the claim may be at the end of time.
        if (now - skew >= expiresAt)
            return TokenRejection.Expired;
        // A token that ends before it begins would live on the skew alone.
        if (expiresAt <= issuedAt || expiresAt <= notBefore)
            return TokenRejection.Expired;
        if (issuedAt > now + skew || notBefore > now + skew)
            return TokenRejection.NotYetValid;
        return issuedAt > key.RetiredAt + skew + RetirementNotice ? TokenRejection.KeyRetired : null;
    }

    private static TokenRejection? CheckNotBound(in AccessTokenClaims claims) =>
        claims.IsBound ? TokenRejection.SenderConstrained : null;

    private TokenRejection? CheckNotDenied(in AccessTokenClaims claims, VerificationKey key, out TokenIdentifiers names)
    {
        names = denylist is null ? default : new(claims.Subject, claims.JwtId, claims.SessionId, claims.Generation, key.KeyId);
        return CheckNotDenied(names);
    }

    // A denial that was heard still counts, even if nothing new has been heard for too long.
    private TokenRejection? CheckNotDenied(in TokenIdentifiers names) =>
        denylist is null ? null
        : denylist.Denies(names) ? TokenRejection.Denied
        : denylist.IsComplete || (acceptWhileSilent && denylist.IsOverdue) ? null : TokenRejection.DenialsUnknown;
}
