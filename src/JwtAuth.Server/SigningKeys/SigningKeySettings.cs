using JwtAuth.Bearer.Keys;
using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.SigningKeys;

/// <param name="Algorithm">The algorithm that signs new tokens.</param>
/// <param name="RotateEvery">The age at which a key stops signing.</param>
/// <param name="PublishAhead">How long a successor is in the JWKS before it signs.</param>
/// <param name="Hs256Secret">The secret that APIs share; <see langword="null"/> if there is none.</param>
internal sealed record SigningKeySettings(SignatureAlgorithm Algorithm, TimeSpan RotateEvery, TimeSpan PublishAhead, byte[]? Hs256Secret)
{
    private static readonly TimeSpan LongestCaching = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long the JWKS may be cached. Four quarters make up <see cref="PublishAhead"/>: a cache on the way, a verifier's own copy from
    /// it, a node that has not read the ring for so long, and a slow commit or clocks that differ.
    /// </summary>
    public TimeSpan Caching => PublishAhead / 4 < LongestCaching ? PublishAhead / 4 : LongestCaching;

    /// <summary>How old the reading may be from which a node publishes the JWKS. Beyond it, a successor may be missing there.</summary>
    public TimeSpan LongestUnread => PublishAhead / 4 > SigningKeyRing.MaximumSilence ? PublishAhead / 4 : SigningKeyRing.MaximumSilence;

    /// <param name="values">The configuration.</param>
    /// <param name="masterKey">The configured master key. No API may have it as its secret.</param>
    public static SigningKeySettings Read(SettingValues values, byte[]? masterKey)
    {
        const string AheadKey = "SigningKeys:PublishAhead", SecretKey = "SigningKeys:Hs256Secret";
        TimeSpan rotateEvery =
            values.Duration("SigningKeys:RotateEvery", TimeSpan.FromDays(90), TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650));
        TimeSpan publishAhead = values.Duration(AheadKey, TimeSpan.FromHours(1), TimeSpan.Zero, TimeSpan.FromDays(90));
        if (publishAhead >= rotateEvery)
            values.Fault(AheadKey, "is not shorter than JwtAuth:SigningKeys:RotateEvery", "shorten it, or rotate less often");
        byte[]? secret = values.SecretBytes(SecretKey, minimum: 32, maximum: 1024);
        if (secret is not null && masterKey is not null && secret.AsSpan().SequenceEqual(masterKey))
            values.Fault(SecretKey, "is the master key, which no API may hold", "make one with: openssl rand -base64 32");
        return new SigningKeySettings(values.Choice("SigningKeys:Algorithm", SignatureAlgorithm.RS256), rotateEvery, publishAhead, secret);
    }
}
