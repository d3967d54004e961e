using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Tests.AccessTokens;

public sealed class SeenTokenTextTests
{
    private static readonly ValidatedToken Seen = new(new AccessToken(VerificationKey.Hmac("a key", new byte[32]), names: default)
    {
        Issuer = "https://issuer.example",
        Subject = "sub",
        Audiences = ["orders"],
        ExpiresAt = default,
        NotBefore = default,
        IssuedAt = default,
        JwtId = "jti",
        ClientId = "client",
        Scopes = [],
        Roles = [],
        Username = null,
        SessionId = "sid",
        Generation = 0,
    });

    [Fact]
    public void A_seen_token_is_found_by_its_whole_text_and_by_no_text_that_differs_in_one_character()
    {
        var cache = new TokenCache(10);
        string text = new('a', 100);
        cache.Add(text, Seen);

        cache.TryGet(new string('a', 100), out ValidatedToken? found).Should().BeTrue();
        found.Should().BeSameAs(Seen);
        for (int index = 0; index < text.Length; index++)
        {
            cache.TryGet($"{text[..index]}b{text[(index + 1)..]}", out _).Should().BeFalse();
            cache.TryGet($"{text[..index]}\u0161{text[(index + 1)..]}", out _).Should().BeFalse("its lower byte is that of an a");
        }
        cache.TryGet(text + "a", out _).Should().BeFalse();
        cache.TryGet(text.AsSpan(0, 99), out _).Should().BeFalse();
    }

    [Fact]
    public void A_text_that_is_not_ascii_is_not_remembered_as_another_one()
    {
        var cache = new TokenCache(10);
        cache.Add("head.b\u00f6dy.tail", Seen);
        cache.Add("head.body.tail", Seen);

        cache.TryGet("head.b?dy.tail", out _).Should().BeFalse();
        cache.TryGet("head.b\u00f6dy.tail", out _).Should().BeFalse();
        cache.TryGet("head.body.tail", out _).Should().BeTrue();
        cache.Count.Should().Be(1);
    }
}
