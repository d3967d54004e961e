using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using JwtAuth.Server.Composition;
using JwtAuth.Server.Configuration;
using JwtAuth.Tests.Configuration;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Deployment;

/// <summary>What deploy/ has, tried with the real nginx and the real PostgreSQL.</summary>
public sealed class NginxTests
{
    [Fact]
    public async Task Logins_refreshes_the_feed_and_administration_go_through_it_by_https_and_addresses_are_believed_from_it_alone()
    {
        await using Cluster cluster = await Cluster.StartAsync();
        await cluster.AddAccountAsync("alice");
        await cluster.AddAccountAsync("root", "--role", "admin");
        using HttpClient http = cluster.Nginx.Connect();

        Tokens tokens = await http.RotateAsync(await http.BeginAsync("alice", audience: "https://auth.example.com"));
        (await http.MeAsync(tokens.Access)).Should().Be(200);
        // What is set for https alone is set, and what a client says of its own address counts for nothing.
        Reply cookie = await http.AskAsync(
            "POST", "/auth/login", new { username = "alice", password = ServerHost.Password, credential = "session" },
            ("Origin", "https://auth.example.com"), ("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "http"));
        (cookie.Status, cookie.Header("Set-Cookie")).Should().Be((200, cookie.Header("Set-Cookie")), cookie.Body);
        cookie.Header("Set-Cookie").Should().Contain("__Host-").And.Contain("secure");
        cookie.Header("Strict-Transport-Security").Should().NotBeEmpty();
        Reply sessions = await http.AskAsAsync(tokens.Access, "GET", "/auth/sessions");
        sessions.Body.Should().Contain("127.0.0.1").And.NotContain("203.0.113.9");

        // The feed: a call that waits is answered when something ends.
        string cursor = (await http.AskAsync("GET", "/denials", null, cluster.Client.Basic)).Json.GetProperty("cursor").GetString()!;
        Task<Reply> waiting = http.AskAsync("GET", $"/denials?cursor={cursor}&wait=30", null, cluster.Client.Basic);
        string root = (await http.BeginAsync("root", audience: "https://auth.example.com")).Access;
        JsonElement users = (await http.AskAsAsync(root, "GET", "/admin/users?search=alice")).Json;
        string alice = users.GetProperty("users")[0].GetProperty("sub").GetString()!;
        (await http.AskAsAsync(root, "POST", $"/admin/users/{alice}/disable")).Status.Should().Be(204);
        (await waiting).Json.GetProperty("denials").GetArrayLength().Should().Be(1);
        (await http.MeAsync(tokens.Access)).Should().Be(401, "at whichever node");

        // Who reaches a node beside nginx is not believed.
        (await AskAsync(cluster.Nodes[0].Address, IPAddress.Parse("127.0.0.1"))).Should().Be(HttpStatusCode.OK, "the proxy's address");
        (await AskAsync(cluster.Nodes[0].Address, IPAddress.Parse("127.0.0.3"))).Should().Be(HttpStatusCode.BadRequest);
    }

    [Fact]
    public void Every_setting_of_the_compose_file_is_one()
    {
        var values = new SettingValues(Configured.From([]), Configured.Environment("Production"));
        Settings.Read(values);

        string[] named = [.. Cluster.SettingsOfTheFile().Select(setting => setting.Key["JwtAuth:".Length..].Replace(":0", ""))];

        named.Should().Contain("Issuer").And.HaveCountGreaterThan(3).And.BeSubsetOf(values.Names);
    }

    /// <summary>A node itself, from an address of this machine, with a word of https.</summary>
    private static async Task<HttpStatusCode> AskAsync(Uri node, IPAddress from)
    {
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(from, 0));
                await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using var client = new HttpClient(handler) { BaseAddress = node };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/.well-known/jwks.json");
        request.Headers.Host = "auth.example.com";
        request.Headers.Add("X-Forwarded-Proto", "https");
        request.Headers.Add("X-Forwarded-For", "203.0.113.9");
        using HttpResponseMessage reply = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return reply.StatusCode;
    }
}
