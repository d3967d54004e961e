using System.Net.Sockets;
using System.Text;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace JwtAuth.Tests.Pipeline;

/// <summary>Where one request ends and the next begins, and what a connection may cost.</summary>
public sealed class FramingTests(OneHost fixture) : IClassFixture<OneHost>
{
    // Read whole and understood, it is refused for its scope, before any work.
    private const string Body = "{\"username\":\"alice\",\"password\":\"x\",\"scope\":\"no-such-scope\"}";
    private const string Smuggled = "GET /health/live HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n";

    private readonly ServerHost host = fixture.Host;

    // Each is followed by a second request that must not be answered.
    [Theory, Trait("row", "NET-01"), Trait("row", "HTP-17")]
    [InlineData("Content-Length: {n}\r\nTransfer-Encoding: chunked", "{chunked}")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: {n}", "{chunked}")]
    [InlineData("Content-Length: 0\r\nTransfer-Encoding: chunked", "{chunked}")]
    [InlineData("Transfer-Encoding: xchunked", "{chunked}")]
    [InlineData("Transfer-Encoding: chunked, identity", "{chunked}")]
    [InlineData("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "{chunked}")]
    [InlineData("Transfer-Encoding: gzip", "{chunked}")]
    [InlineData("Transfer-Encoding: gzip, chunked", "{chunked}")]
    [InlineData("Transfer-Encoding: chunked, chunked", "{chunked}")]
    [InlineData("Transfer-Encoding:\r\n chunked", "{chunked}")]
    [InlineData("Transfer-Encoding : chunked", "{chunked}")]
    [InlineData("Transfer-Encoding: \"chunked\"", "{chunked}")]
    [InlineData("Transfer-Encoding: chunked", "{x};a=\n{body}\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked", "{x};\n{body}\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked", "{x}\n{body}\n0\n\n")]
    [InlineData("Transfer-Encoding: chunked", "{x} \r\n{body}X\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked", "0x{x}\r\n{body}\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked", "-1\r\n{body}\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked", "FFFFFFFFFFFFFFFF{x}\r\n{body}\r\n0\r\n\r\n")]
    [InlineData("Content-Length: {n}\r\nContent-Length: 0", "{body}")]
    [InlineData("Content-Length: {n}\r\nContent-Length: {n}", "{body}")]
    [InlineData("Content-Length: {n}, {n}", "{body}")]
    [InlineData("Content-Length: -{n}", "{body}")]
    [InlineData("Content-Length: 0x{x}", "{body}")]
    [InlineData("Content-Length: {n} 0", "{body}")]
    [InlineData("Content-Length: 99999999999999999999", "{body}")]
    public async Task A_request_whose_end_can_be_read_in_two_ways_is_refused_and_ends_the_connection(string framing, string body)
    {
        IReadOnlyList<Reply> replies = await LoginThenAsync(framing, body);

        replies.Should().ContainSingle("nothing after it is a request");
        replies[0].Status.Should().Be(400);
        replies[0].Body.Should().NotContain("invalid_scope");
        await IsReadAsync("Content-Length: {n}", "{body}");
        await IsReadAsync("Transfer-Encoding: chunked", "{chunked}");
        await IsReadAsync("Transfer-Encoding: CHUNKED", "{x};a=b\r\n{body}\r\n0\r\n\r\n");
    }

    private async Task IsReadAsync(string framing, string body)
    {
        IReadOnlyList<Reply> replies = await LoginThenAsync(framing, body);
        replies.Should().HaveCount(2);
        replies[0].Code.Should().Be("invalid_scope");
        replies[1].Status.Should().Be(200);
    }

    // Kestrel's own leniency: one reading all the same, and the next request begins where the first one ends.
    [Theory, Trait("row", "NET-01")]
    [InlineData("Content-Length: +{n}")]
    [InlineData("Content-Length: 0{n}")]
    [InlineData("Content-Length: {n}\nX: y")]
    public async Task A_length_that_is_oddly_written_is_still_one_length(string framing)
    {
        await IsReadAsync(framing, "{body}");
        (await LoginThenAsync(framing.Replace("{n}", "1", StringComparison.Ordinal), "{body}"))
            .Should().NotContain(reply => reply.Status == 200);
    }

    [Theory, Trait("row", "HTP-17")]
    [InlineData("GET /me HTTP/1.1\r\n\r\n")] // no Host
    [InlineData("GET /me HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")]
    [InlineData("GET /me HTTP/1.1\r\nHost: a b\r\n\r\n")]
    [InlineData("GET /me HTTP/1.1\r\nHost: user@{host}\r\n\r\n")]
    [InlineData("GET /me%00 HTTP/1.1\r\nHost: {host}\r\n\r\n")]
    [InlineData("GET /me\0 HTTP/1.1\r\nHost: {host}\r\n\r\n")]
    [InlineData("GET /me HTTP/1.1 x\r\nHost: {host}\r\n\r\n")]
    [InlineData("GET /me\r\nHost: {host}\r\n\r\n")]
    [InlineData("GET /mé HTTP/1.1\r\nHost: {host}\r\n\r\n")]
    [InlineData("GE\u0001T /me HTTP/1.1\r\nHost: {host}\r\n\r\n")]
    [InlineData("GET /me HTTP/1.1\r\nHost: {host}\r\nX: a\0b\r\n\r\n")]
    public async Task What_is_not_HTTP_is_refused(string request)
    {
        IReadOnlyList<Reply> replies = await SendAsync(request + Smuggled);

        replies.Should().ContainSingle().Which.Status.Should().Be(400);
        (await SendAsync("GET /me HTTP/1.1\r\nHost: {host}\r\nX: ab\r\n\r\n" + Smuggled)).Select(reply => reply.Status)
            .Should().Equal(401, 200);
    }

    [Theory, Trait("row", "NET-04")]
    [InlineData("Content-Length: 10485760")]
    [InlineData("Content-Length: 65537")]
    [InlineData("Transfer-Encoding: chunked")]
    public async Task A_body_beyond_the_limit_is_refused_unread(string framing)
    {
        string chunk = framing.StartsWith('T') ? $"{65537:x}\r\n\"{new string('x', 65536)}\r\n0\r\n\r\n" : "{\"username\":\"";
        IReadOnlyList<Reply> replies =
            await SendAsync($"POST /auth/login HTTP/1.1\r\nHost: {{host}}\r\nContent-Type: application/json\r\n{framing}\r\n\r\n{chunk}");

        replies.Should().ContainSingle();
        (replies[0].Status, replies[0].Code).Should().Be((413, "content_too_large"));
        using HttpClient client = host.Connect();
        (await client.AskAsync("POST", "/auth/login", Body + new string(' ', 65536 - Body.Length))).Code
            .Should().Be("invalid_scope", "64 KiB is the limit");
    }

    [Theory, Trait("row", "NET-04")]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    [InlineData("identity")]
    [InlineData("gzip, gzip")]
    public async Task A_compressed_body_is_refused_unread(string encoding)
    {
        using HttpClient client = host.Connect();

        Reply refused = await client.AskAsync("POST", "/auth/login", Body, ("Content-Encoding", encoding));

        (refused.Status, refused.Code).Should().Be((415, "unsupported_media_type"));
        (await client.AskAsync("POST", "/auth/login", Body)).Code.Should().Be("invalid_scope");
    }

    [Fact, Trait("row", "NET-03")]
    public void Slow_senders_are_dropped()
    {
        KestrelServerLimits limits = host.Get<IOptions<KestrelServerOptions>>().Value.Limits;

        limits.RequestHeadersTimeout.Should().BeLessThanOrEqualTo(TimeSpan.FromSeconds(15));
        limits.KeepAliveTimeout.Should().BeLessThanOrEqualTo(TimeSpan.FromSeconds(130));
        limits.MinRequestBodyDataRate!.BytesPerSecond.Should().BeGreaterThanOrEqualTo(240);
        limits.MinRequestBodyDataRate.GracePeriod.Should().BeLessThanOrEqualTo(TimeSpan.FromSeconds(5));
        limits.MinResponseDataRate.Should().NotBeNull();
        limits.MaxRequestHeadersTotalSize.Should().BeLessThanOrEqualTo(32 * 1024);
        limits.MaxRequestBodySize.Should().Be(64 * 1024);
    }

    [Fact, Trait("row", "NET-03"), Trait("row", "NET-05")]
    public async Task Five_hundred_idle_and_half_sent_connections_do_not_stop_a_login()
    {
        using HttpClient client = host.Connect();
        List<TcpClient> idle = [];
        try
        {
            for (int index = 0; index < 500; index++)
            {
                var connection = new TcpClient();
                idle.Add(connection);
                await connection.ConnectAsync("127.0.0.1", client.BaseAddress!.Port, TestContext.Current.CancellationToken);
                string begun = (index % 3) switch
                {
                    0 => "",
                    1 => "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nX: ",
                    _ => "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 57\r\n\r\n{",
                };
                await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes(begun), TestContext.Current.CancellationToken);
            }

            (await client.LoginAsync("alice", ServerHost.Password)).Status.Should().Be(200);
            (await client.AskAsync("GET", "/health/ready")).Status.Should().Be(200);
        }
        finally
        {
            idle.ForEach(connection => connection.Dispose());
        }
    }

    private Task<IReadOnlyList<Reply>> LoginThenAsync(string framing, string body) => SendAsync(
        $"POST /auth/login HTTP/1.1\r\nHost: {{host}}\r\nContent-Type: application/json\r\n{framing}\r\n\r\n{body}{Smuggled}");

    private Task<IReadOnlyList<Reply>> SendAsync(string text)
    {
        Uri address = host.Connect().BaseAddress!;
        return RawHttp.SendAsync(address, text
            .Replace("{chunked}", $"{Body.Length:x}\r\n{Body}\r\n0\r\n\r\n", StringComparison.Ordinal)
            .Replace("{body}", Body, StringComparison.Ordinal)
            .Replace("{x}", $"{Body.Length:x}", StringComparison.Ordinal)
            .Replace("{n}", $"{Body.Length}", StringComparison.Ordinal)
            .Replace("{host}", address.Authority, StringComparison.Ordinal));
    }
}
