using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Passwords;

namespace JwtAuth.Server.Clients;

/// <summary>
/// A client's secret as it is stored. Either <c>sha256:</c> and the SHA-256, in base64url or hex, of a long random secret that nobody can
/// guess. Or a bcrypt hash of a secret that somebody chose; then each call costs a bcrypt.
/// </summary>
internal sealed class ClientSecret
{
    private const string Sha256Prefix = "sha256:";

    private readonly byte[]? sha256;
    private readonly string? bcrypt;

    private ClientSecret(byte[]? sha256, string? bcrypt) => (this.sha256, this.bcrypt) = (sha256, bcrypt);

    /// <summary>Whether checking it is slow on purpose, and so has to go through <see cref="HashingGate"/>.</summary>
    public bool IsSlow => bcrypt is not null;

    /// <summary>A new secret of 256 bits, and the text to put into the configuration for it.</summary>
    public static (string Secret, string AtRest) Make()
    {
        string secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        return (secret, Sha256Prefix + Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(secret))));
    }

    public static bool TryParse(string atRest, [NotNullWhen(true)] out ClientSecret? secret)
    {
        secret = null;
        if (atRest.StartsWith(Sha256Prefix, StringComparison.Ordinal))
        {
            ReadOnlySpan<char> text = atRest.AsSpan(Sha256Prefix.Length);
            byte[] hash = new byte[SHA256.HashSizeInBytes];
            if ((Base64Url.DecodeFromChars(text, hash, out _, out int length) == OperationStatus.Done
                || Convert.FromHexString(text, hash, out _, out length) == OperationStatus.Done)
                && length == hash.Length && !hash.AsSpan().SequenceEqual(SHA256.HashData([])))
            {
                secret = new ClientSecret(hash, null);
            }
        }
        else if (Bcrypt.WorkFactorOf(atRest) is not null)
        {
            secret = new ClientSecret(null, atRest);
        }
        return secret is not null;
    }

    public bool Matches(string candidate) => bcrypt is not null
        ? Bcrypt.Verify(candidate, bcrypt)
        : CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(candidate)), sha256);

    public override string ToString() => "[client secret]";
}
