using JwtAuth.Bearer.Keys;
using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.SigningKeys;

/// <param name="Algorithm">What new tokens are signed with.</param>
/// <param name="RotateEvery">Age at which a key stops signing.</param>
/// <param name="PublishAhead">How long before it signs a successor stands in the JWKS.</param>
/// <param name="Hs256Secret">The secret that APIs share, or <see langword="null"/>.</param>
internal sealed record SigningKeySettings(SignatureAlgorithm Algorithm, TimeSpan RotateEvery, TimeSpan PublishAhead, byte[]? Hs256Secret)
{
    /// <param name="values">What is configured.</param>
    /// <param name="masterKey">The configured master key, which no API may hold.</param>
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
