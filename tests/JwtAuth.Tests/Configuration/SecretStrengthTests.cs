using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using JwtAuth.Server.Configuration;

namespace JwtAuth.Tests.Configuration;

public sealed class SecretStrengthTests
{
    public static TheoryData<string, string> Weak => new()
    {
        { "31 bytes", Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(31)) },
        { "no bytes", "" },
        { "one byte", "AA" },
        { "1025 bytes", Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(1025)) },
        { "text", "your-256-bit-secret" },
        { "text with spaces", "correct horse battery staple, correct horse" },
        { "text that is base64 too", "mysupersecretkeymysupersecretkeymysupersecre" },
        { "text that is base64 too, in capitals", "MYSUPERSAFEANDVERYLONGSIGNINGKEYFORTOKENS123" },
        { "text with a tell-tale", "ThisIsMySecretKeyForSigningJwtTokens12345678" },
        { "hexadecimal", Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)) },
        { "hexadecimal in capitals", Convert.ToHexString(RandomNumberGenerator.GetBytes(32)) },
        { "base64 of text", Encode("correct horse battery staple, said twice") },
        { "base64 of text beyond ASCII", Encode("Ein größeres Geheimnis gibt es natürlich nicht") },
        { "base64 of base64", Encode(Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))) },
        { "base64 of text in UTF-16", Convert.ToBase64String(Encoding.Unicode.GetBytes("correct horse battery staple, twice")) },
        { "base64 of text in UTF-16, the other way round", Convert.ToBase64String(
            Encoding.BigEndianUnicode.GetBytes("Correct Horse Battery Staple, 42 times")) },
        { "zeros", Encode(new byte[32]) },
        { "one byte, repeated", Encode([.. Enumerable.Repeat((byte)0xA5, 64)]) },
        { "two bytes, repeated", Encode([.. Enumerable.Range(0, 64).Select(index => (byte)(index % 2 == 0 ? 0xA5 : 0x5A))]) },
        { "sixteen random bytes, twice", Encode([.. Twice(RandomNumberGenerator.GetBytes(16))]) },
        { "counting up", Encode([.. Enumerable.Range(0, 32).Select(index => (byte)index)]) },
        { "counting down from 255", Encode([.. Enumerable.Range(0, 48).Select(index => (byte)(255 - index))]) },
        { "counting by sevens", Encode([.. Enumerable.Range(0, 64).Select(index => (byte)(index * 7))]) },
        { "half of it zeros", Encode([.. RandomNumberGenerator.GetBytes(24), .. new byte[24]]) },
        { "RFC 7515 A.1", "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow" },
        { "RFC 7515 A.1 in base64", "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ+EstJQLr/T+1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow==" },
        { "RFC 7520 3.5", "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg" },
    };

    [Theory]
    [MemberData(nameof(Weak), DisableDiscoveryEnumeration = true)]
    public void What_is_no_random_secret_is_refused_and_a_random_one_of_32_bytes_is_accepted(string what, string text)
    {
        string? fault = SecretStrength.FaultOf(text, 32, 1024, out _);
        fault.Should().NotBeNull("it is {0}", what);
        if (text.Length > 0)
            fault.Should().NotContain(text);
        byte[] random = RandomNumberGenerator.GetBytes(32);
        SecretStrength.FaultOf(Convert.ToBase64String(random), 32, 1024, out byte[] read).Should().BeNull();
        read.Should().Equal(random);
    }

    [Theory]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(48)]
    [InlineData(64)]
    [InlineData(1024)]
    public void Ten_thousand_random_secrets_are_accepted_in_base64_and_base64url(int length)
    {
        for (int turn = 0; turn < (length > 64 ? 100 : 10_000); turn++)
        {
            byte[] random = RandomNumberGenerator.GetBytes(length);
            string text = turn % 2 == 0 ? Convert.ToBase64String(random) : Base64Url.EncodeToString(random);
            SecretStrength.FaultOf(text, 32, 1024, out byte[] read).Should().BeNull(text);
            read.AsSpan().SequenceEqual(random).Should().BeTrue();
        }
    }

    private static byte[] Twice(byte[] bytes) => [.. bytes, .. bytes];

    private static string Encode(string text) => Encode(Encoding.UTF8.GetBytes(text));

    private static string Encode(byte[] bytes) => Convert.ToBase64String(bytes);
}
