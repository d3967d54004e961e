using System.Numerics;
using JwtAuth.Bearer.Denials;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Denials;

/// <summary>A denial of a token is of the token, not of its text, and of no other token.</summary>
public sealed class DeniedTokenTests : IAsyncDisposable
{
    // The order of P-256 (FIPS 186-5).
    private static readonly BigInteger Order = BigInteger.Parse(
        "0FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", System.Globalization.NumberStyles.HexNumber, null);

    private readonly ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");

    [Theory, Trait("row", "REV-09")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_revoked_token_is_dead_in_every_spelling(bool byTheTwin)
    {
        TestClient api = host.AddClient("orders-api");
        var forge = new Forge(host);
        string live = forge.Live(), twin = TwinOf(live), other = forge.Live();
        using HttpClient client = host.Connect();
        twin.Should().NotBe(live);
        (await client.StatusOfMeAsync(live)).Should().Be(200);
        (await client.StatusOfMeAsync(twin)).Should().Be(200, "for ECDSA it is a signature as good as the first");

        (await client.RevokeAsync(api, byTheTwin ? twin : live)).Status.Should().Be(200);

        foreach (string spelling in new[] { live, twin, live + "=", live + "==", twin + "=" })
        {
            Reply reply = await client.AskAsync("GET", "/me", null, ("Authorization", $"Bearer {spelling}"));
            (reply.Status, reply.Header("WWW-Authenticate")).Should().Be((401, "Bearer error=\"invalid_token\""));
            (await client.IsActiveAsync(api, spelling)).Should().BeFalse();
        }
        (await client.StatusOfMeAsync(other)).Should().Be(200);
    }

    [Fact, Trait("row", "REV-15")]
    public async Task Two_accounts_do_not_share_the_fate_of_one_jti()
    {
        TestClient api = host.AddClient("orders-api");
        var forge = new Forge(host);
        string alices = forge.WithClaims(("sub", "\"alice-sub\""), ("jti", "\"one-jti\"")),
            bobs = forge.WithClaims(("sub", "\"bob-sub\""), ("jti", "\"one-jti\""));
        string swapped = forge.WithClaims(("sub", "\"one-jti\""), ("jti", "\"alice-sub\"")),
            again = forge.WithClaims(("sub", "\"alice-sub\""), ("jti", "\"one-jti\""), ("sid", "\"another\""));
        using HttpClient client = host.Connect();
        foreach (string token in new[] { alices, bobs, swapped, again })
            (await client.StatusOfMeAsync(token)).Should().Be(200);

        (await client.RevokeAsync(api, alices)).Status.Should().Be(200);

        (await client.StatusOfMeAsync(alices)).Should().Be(401);
        (await client.StatusOfMeAsync(again)).Should().Be(401, "it is the same token by name");
        (await client.StatusOfMeAsync(bobs)).Should().Be(200);
        (await client.StatusOfMeAsync(swapped)).Should().Be(200);
    }

    [Fact, Trait("row", "REV-15")]
    public void A_million_identifiers_of_tokens_are_a_million_different_ones()
    {
        var seen = new HashSet<UInt128>(1_000_000);
        for (int index = 0; index < 1_000_000; index++)
            seen.Add(DenialTable.IdOf(TokenIssuer.NewId()));
        seen.Should().HaveCount(1_000_000);
    }

    // (r, n - s) is a signature wherever (r, s) is.
    private static string TwinOf(string token)
    {
        byte[] signature = Forge.Decode(token[(token.LastIndexOf('.') + 1)..]);
        byte[] other = (Order - new BigInteger(signature.AsSpan(32), isUnsigned: true, isBigEndian: true))
            .ToByteArray(isUnsigned: true, isBigEndian: true);
        return $"{token[..token.LastIndexOf('.')]}.{Forge.Encode([.. signature[..32], .. new byte[32 - other.Length], .. other])}";
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
