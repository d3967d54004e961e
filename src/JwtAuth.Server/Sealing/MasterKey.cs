using System.Security.Cryptography;
using System.Text;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Server.Sealing;

/// <summary>
/// Encrypts what a reader of the database must not learn. It uses AES-256-GCM with a subkey for each purpose (HKDF, RFC 5869). Each value
/// is bound to its name, so no sealed value can replace another. Format: 12 bytes of nonce, the ciphertext, 16 bytes of tag.
/// </summary>
internal sealed class MasterKey
{
    private const int NonceLength = 12;
    private const int TagLength = 16;

    private readonly byte[] key;

    public MasterKey(ReadOnlySpan<byte> key)
    {
        if (key.Length != 32)
            throw new ArgumentException("a master key has 32 bytes", nameof(key));
        this.key = key.ToArray();
    }

    public byte[] Seal(string purpose, string name, ReadOnlySpan<byte> secret)
    {
        byte[] result = new byte[NonceLength + secret.Length + TagLength];
        Span<byte> nonce = result.AsSpan(0, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        using AesGcm aes = Subkey(purpose);
        aes.Encrypt(nonce, secret, result.AsSpan(NonceLength, secret.Length), result.AsSpan(^TagLength..), Encoding.UTF8.GetBytes(name));
        return result;
    }

    /// <exception cref="CryptographicException">
    /// The value was sealed with another master key, purpose or name, or was changed since.
    /// </exception>
    public byte[] Open(string purpose, string name, ReadOnlySpan<byte> sealedSecret)
    {
        if (sealedSecret.Length < NonceLength + TagLength)
            throw new CryptographicException("The sealed value is too short.");
        byte[] secret = new byte[sealedSecret.Length - NonceLength - TagLength];
        using AesGcm aes = Subkey(purpose);
        aes.Decrypt(sealedSecret[..NonceLength], sealedSecret[NonceLength..^TagLength], sealedSecret[^TagLength..], secret,
            Encoding.UTF8.GetBytes(name));
        return secret;
    }

    /// <summary>A separate key for the message authentication codes of one purpose.</summary>
    public MacKey MacKey(string purpose)
    {
        byte[] subkey = new byte[32];
        Derive(purpose, subkey);
        return new MacKey(subkey);
    }

    private AesGcm Subkey(string purpose)
    {
        Span<byte> subkey = stackalloc byte[32];
        Derive(purpose, subkey);
        var aes = new AesGcm(subkey, TagLength);
        CryptographicOperations.ZeroMemory(subkey);
        return aes;
    }

    private void Derive(string purpose, Span<byte> subkey) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, subkey, salt: [], info: Encoding.UTF8.GetBytes("JwtAuth " + purpose));
}
