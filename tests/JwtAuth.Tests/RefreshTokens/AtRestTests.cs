using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sealing;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.RefreshTokens;

public sealed class AtRestTests(SessionsHost fixture) : IClassFixture<SessionsHost>
{
    private const int MacLength = 32;

    private readonly ServerHost host = fixture.Host;

    [Fact, Trait("row", "REF-14")]
    public async Task No_token_no_MAC_and_no_password_is_in_the_bytes_of_the_database()
    {
        using HttpClient client = host.Connect();
        Tokens first = await client.BeginAsync("plain");
        Tokens second = await client.RotateAsync(first);

        byte[] stored = TestedStore.BytesOf(host.Directory);

        foreach (Tokens tokens in (Tokens[])[first, second])
        {
            byte[] bytes = Base64Url.DecodeFromChars(tokens.Refresh.AsSpan("jrt_".Length)), mac = bytes[^MacLength..];
            byte[][] secrets =
            [
                Encoding.ASCII.GetBytes(tokens.Refresh), Encoding.ASCII.GetBytes(tokens.Refresh[4..]), mac,
                Encoding.ASCII.GetBytes(Convert.ToHexString(mac)), Encoding.ASCII.GetBytes(Convert.ToHexStringLower(mac)),
                Encoding.ASCII.GetBytes(Convert.ToBase64String(mac)), Encoding.ASCII.GetBytes(tokens.Access),
                Encoding.ASCII.GetBytes(tokens.Access.Split('.')[2]),
            ];
            foreach (byte[] secret in secrets)
                Holds(stored, secret).Should().BeFalse();
        }
        Holds(stored, Encoding.ASCII.GetBytes(ServerHost.Password)).Should().BeFalse();
        Holds(stored, Encoding.ASCII.GetBytes(first.SessionId)).Should().BeTrue("the session itself is there, and so the search can find");
    }

    [Fact, Trait("row", "REF-14")]
    public async Task Whoever_has_the_database_without_the_master_key_can_make_no_token()
    {
        using HttpClient client = host.Connect();
        Tokens tokens = await client.BeginAsync("plain");
        var known = new RefreshToken(tokens.SessionId, 0);
        var forger = new RefreshTokenCodec(new MasterKey(RandomNumberGenerator.GetBytes(32)));

        (await client.RefreshAsync(forger.Write(known))).ShouldBeInvalidGrant();

        host.Get<RefreshTokenCodec>().Write(known).Should().Be(tokens.Refresh);
        (await client.RefreshAsync(tokens.Refresh)).Status.Should().Be(200);
    }

    [Fact, Trait("row", "REF-14")]
    public async Task A_session_has_128_random_bits_and_its_token_a_MAC_of_256()
    {
        using HttpClient client = host.Connect();
        Tokens[] tokens = [await client.BeginAsync("plain"), await client.BeginAsync("plain"), await client.BeginAsync("plain")];

        tokens.Select(token => token.SessionId)
            .Should().OnlyHaveUniqueItems().And.OnlyContain(sid => Base64Url.DecodeFromChars(sid).Length == 16);
        tokens.Select(token => token.Refresh[^42..]).Should().OnlyHaveUniqueItems();
    }

    private static bool Holds(byte[] stored, byte[] secret) => stored.AsSpan().IndexOf(secret) >= 0;
}
