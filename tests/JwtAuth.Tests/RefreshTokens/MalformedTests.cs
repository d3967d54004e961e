using System.Buffers.Text;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sealing;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.RefreshTokens;

public sealed class MalformedTests(SessionsHost fixture) : IClassFixture<SessionsHost>, IDisposable
{
    private const int Prefix = 4, SignedLength = 25;

    private readonly ServerHost host = fixture.Host;
    private readonly HttpClient client = fixture.Host.Connect();

    public void Dispose() => client.Dispose();

    [Fact, Trait("row", "REF-07")]
    public async Task An_altered_token_is_an_invalid_grant_and_its_session_goes_on()
    {
        Tokens tokens = await client.BeginAsync("plain");
        string text = tokens.Refresh;
        List<string> altered =
        [
            .. Enumerable.Range(1, text.Length).Select(length => text[..^length]),
            .. Enumerable.Range(1, text.Length - 1).Select(length => text[length..]),
            .. Enumerable.Range(0, text.Length)
                .Where(at => char.IsLetter(text[at])).Select(at => Replaced(text, at, (char)(text[at] ^ ' '))),
            .. ((string[])["=", "==", "A", "AAAA", ".", " ", "\n", "\0", "é", text])
                .SelectMany(more => (string[])[text + more, more + text]),
            text.ToUpperInvariant(), text.Replace('-', '+').Replace('_', '/') + "+", text[Prefix..], "jrt-" + text[Prefix..], "jrt_",
            new string('A', 60_000),
        ];

        foreach (string token in altered)
            (await client.RefreshAsync(token)).ShouldBeInvalidGrant(token.Length > 200 ? "long" : token);

        altered.Count.Should().BeGreaterThan(200);
        using var database = new DatabaseFile(host.Directory);
        database.CounterOf(tokens.SessionId).Should().Be(0);
        (await client.MeAsync(tokens.Access)).Should().Be(200);
        (await client.RefreshAsync(text)).Status.Should().Be(200);
    }

    [Fact, Trait("row", "REF-07")]
    public void No_bit_of_a_token_can_be_turned()
    {
        RefreshTokenCodec codec = host.Get<RefreshTokenCodec>();
        byte[] bytes = Base64Url.DecodeFromChars(codec.Write(new RefreshToken("nV2_ZkqvRZ1cWm0p3b1x4g", 7)).AsSpan(Prefix));

        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            codec.TryRead(Text(bytes), out _).Should().BeFalse($"bit {bit}");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        codec.TryRead(Text(bytes), out RefreshToken token).Should().BeTrue();
        token.Should().Be(new RefreshToken("nV2_ZkqvRZ1cWm0p3b1x4g", 7));
    }

    [Theory, Trait("row", "REF-07")]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(255)]
    public async Task A_token_of_another_version_is_none_even_with_a_MAC_that_fits(byte version)
    {
        Tokens tokens = await client.BeginAsync("plain");

        (await client.RefreshAsync(Signed(tokens.Refresh, version))).ShouldBeInvalidGrant();

        Signed(tokens.Refresh, 1).Should().Be(tokens.Refresh, "that is how ours are made");
        (await client.RefreshAsync(tokens.Refresh)).Status.Should().Be(200);
    }

    [Fact, Trait("row", "REF-13")]
    public async Task An_access_token_refreshes_nothing_and_a_refresh_token_opens_nothing()
    {
        Tokens tokens = await client.BeginAsync("plain");

        Reply asRefresh = await client.RefreshAsync(tokens.Access), asBearer = await client.AskAsAsync(tokens.Refresh, "GET", "/me");

        asRefresh.ShouldBeInvalidGrant();
        (asBearer.Status, asBearer.Header("WWW-Authenticate")).Should().Be((401, "Bearer error=\"invalid_token\""));
        asBearer.Body.Should().NotContain(tokens.Refresh);
        (await client.MeAsync(tokens.Access)).Should().Be(200);
        (await client.RefreshAsync(tokens.Refresh)).Status.Should().Be(200);
    }

    [Fact]
    public async Task A_well_made_token_of_no_session_is_an_invalid_grant_and_ends_nothing()
    {
        Tokens tokens = await client.BeginAsync("plain");
        RefreshTokenCodec codec = host.Get<RefreshTokenCodec>();

        (await client.RefreshAsync(codec.Write(new RefreshToken("nV2_ZkqvRZ1cWm0p3b1x4g", 0)))).ShouldBeInvalidGrant();

        (await client.RefreshAsync(codec.Write(new RefreshToken(tokens.SessionId, 0)))).Status
            .Should().Be(200, "the same, of a session that is there");
    }

    private string Signed(string token, byte version)
    {
        byte[] bytes = Base64Url.DecodeFromChars(token.AsSpan(Prefix));
        bytes[0] = version;
        host.Get<MasterKey>().MacKey("refresh tokens 1").Compute(bytes.AsSpan(0, SignedLength), bytes.AsSpan(SignedLength));
        return Text(bytes);
    }

    private static string Text(byte[] bytes) => "jrt_" + Base64Url.EncodeToString(bytes);

    private static string Replaced(string text, int at, char character) => $"{text[..at]}{character}{text[(at + 1)..]}";
}
