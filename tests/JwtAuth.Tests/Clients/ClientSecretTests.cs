using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using JwtAuth.Server.Clients;
using JwtAuth.Server.Passwords;

namespace JwtAuth.Tests.Clients;

public sealed class ClientSecretTests
{
    private const string Secret = "a secret of somebody else's choice";

    public static TheoryData<string> Forms =>
    [
        $"sha256:{Base64Url.EncodeToString(Hash)}", $"sha256:{Convert.ToHexString(Hash)}",
        $"sha256:{Convert.ToHexString(Hash).ToLowerInvariant()}", "$2b$04$abcdefghijklmnopqrstuuKU0wDMYoE1cwA0494nHTcAXr3yX0bnW",
        "$2a$04$abcdefghijklmnopqrstuuKU0wDMYoE1cwA0494nHTcAXr3yX0bnW",
        "$2y$04$abcdefghijklmnopqrstuuKU0wDMYoE1cwA0494nHTcAXr3yX0bnW",
    ];

    private static byte[] Hash => SHA256.HashData(Encoding.UTF8.GetBytes(Secret));

    [Theory, Trait("row", "CLI-11")]
    [MemberData(nameof(Forms))]
    public void A_secret_at_rest_in_each_form_knows_its_secret_and_no_other_and_does_not_tell_it(string atRest)
    {
        ClientSecret.TryParse(atRest, out ClientSecret? secret).Should().BeTrue();
        secret!.Matches(Secret).Should().BeTrue();
        foreach (string other in new[] { "", Secret[..^1], Secret + " ", Secret.ToUpperInvariant(), atRest, atRest["sha256:".Length..] })
            secret.Matches(other).Should().BeFalse(other);
        $"{secret}".Should().Be("[client secret]");
        secret.IsSlow.Should().Be(atRest.StartsWith('$'));
    }

    [Theory]
    [InlineData("")]
    [InlineData("sha256:")]
    [InlineData("a secret as it is")]
    [InlineData("SHA256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg")]
    [InlineData("sha256:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg")]
    [InlineData("sha256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCg")]
    [InlineData("sha256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCggA")]
    [InlineData("sha256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwC!!")]
    [InlineData("sha256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDw\u00e9gg")]
    [InlineData("sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a")]
    [InlineData("sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a0800")]
    [InlineData("sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a0g")]
    [InlineData("$2b$17$abcdefghijklmnopqrstuu7YaGd0N9tFFTTiJvDdUECPVvIyZ.Elu")]
    [InlineData("$2x$04$abcdefghijklmnopqrstuu7YaGd0N9tFFTTiJvDdUECPVvIyZ.Elu")]
    [InlineData("$2b$04$abcdefghijklmnopqrstuu7YaGd0N9tFFTTiJvDdUECPVvIyZ.El")]
    [InlineData("$1$abcdefgh$abcdefghijklmnopqrstuu")]
    public void A_text_that_is_no_hash_is_no_secret_at_rest(string atRest)
    {
        ClientSecret.TryParse(atRest, out _).Should().BeFalse();
        ClientSecret.TryParse("sha256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg", out ClientSecret? sound).Should().BeTrue();
        sound!.Matches("test").Should().BeTrue();
    }

    [Fact, Trait("row", "CLI-11")]
    public void A_secret_that_is_made_is_random_and_is_not_in_what_is_kept_of_it()
    {
        (string Secret, string AtRest)[] made = [.. Enumerable.Range(0, 1000).Select(_ => ClientSecret.Make())];
        made.Select(pair => pair.Secret).Should().OnlyHaveUniqueItems();
        foreach ((string secret, string atRest) in made)
        {
            Base64Url.DecodeFromChars(secret).Should().HaveCount(32);
            atRest.Should().NotContain(secret);
            ClientSecret.TryParse(atRest, out ClientSecret? parsed).Should().BeTrue();
            parsed!.Matches(secret).Should().BeTrue();
        }
    }

    [Fact]
    public void A_bcrypt_secret_does_not_take_one_that_bcrypt_would_cut()
    {
        string longest = new('a', 72);
        ClientSecret.TryParse(Bcrypt.Hash(longest, 4), out ClientSecret? secret).Should().BeTrue();
        secret!.Matches(longest).Should().BeTrue();
        secret.Matches(longest + "b").Should().BeFalse();
        secret.Matches(longest + "\0").Should().BeFalse();
    }
}
