using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.SigningKeys;

namespace JwtAuth.Benchmarks;

/// <summary>
/// The platform's signature over the signing inputs of given tokens, and nothing else: what no check and no issuing can be faster than.
/// </summary>
internal abstract class RawSignature(string[] tokens) : IDisposable
{
    private readonly (byte[] Input, byte[] Signature)[] parts = [.. tokens.Select(PartsOf)];

    public bool Verify(int item) => Verify(parts[item].Input, parts[item].Signature);

    public void Sign(int item)
    {
        Span<byte> signature = stackalloc byte[256];
        Sign(parts[item].Input, signature);
    }

    public abstract void Dispose();

    public static RawSignature Of(SigningKey key, string[] tokens) => key.Algorithm switch
    {
        SignatureAlgorithm.RS256 => new OfRsa(key.ExportPrivate(), tokens),
        SignatureAlgorithm.ES256 => new OfEcdsa(key.ExportPrivate(), tokens),
        _ => new OfHmac(key.ExportPrivate(), tokens),
    };

    protected abstract bool Verify(ReadOnlySpan<byte> input, ReadOnlySpan<byte> signature);

    protected abstract void Sign(ReadOnlySpan<byte> input, Span<byte> signature);

    private static (byte[] Input, byte[] Signature) PartsOf(string token)
    {
        int lastDot = token.LastIndexOf('.');
        return (Encoding.ASCII.GetBytes(token[..lastDot]), Base64Url.DecodeFromChars(token.AsSpan(lastDot + 1)));
    }

    private sealed class OfRsa : RawSignature
    {
        private readonly RSA rsa = RSA.Create();

        public OfRsa(byte[] pkcs8, string[] tokens) : base(tokens) => rsa.ImportPkcs8PrivateKey(pkcs8, out _);

        public override void Dispose() => rsa.Dispose();

        protected override bool Verify(ReadOnlySpan<byte> input, ReadOnlySpan<byte> signature) =>
            rsa.VerifyData(input, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

        protected override void Sign(ReadOnlySpan<byte> input, Span<byte> signature) =>
            rsa.SignData(input, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }

    private sealed class OfEcdsa : RawSignature
    {
        private readonly ECDsa ecdsa = ECDsa.Create();

        public OfEcdsa(byte[] pkcs8, string[] tokens) : base(tokens) => ecdsa.ImportPkcs8PrivateKey(pkcs8, out _);

        public override void Dispose() => ecdsa.Dispose();

        protected override bool Verify(ReadOnlySpan<byte> input, ReadOnlySpan<byte> signature) =>
            ecdsa.VerifyData(input, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

        protected override void Sign(ReadOnlySpan<byte> input, Span<byte> signature) =>
            ecdsa.SignData(input, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    private sealed class OfHmac(byte[] secret, string[] tokens) : RawSignature(tokens)
    {
        public override void Dispose()
        {
        }

        protected override bool Verify(ReadOnlySpan<byte> input, ReadOnlySpan<byte> signature)
        {
            Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
            HMACSHA256.HashData(secret, input, expected);
            return CryptographicOperations.FixedTimeEquals(expected, signature);
        }

        protected override void Sign(ReadOnlySpan<byte> input, Span<byte> signature) => HMACSHA256.HashData(secret, input, signature);
    }
}
