using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using JwtAuth.Server.Authentication;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Routing;

namespace JwtAuth.Tests.Lab;

public sealed class LabThiefTests(LabThiefTests.Fixture fixture) : IClassFixture<LabThiefTests.Fixture>
{
    private readonly ServerHost host = fixture.Host;

    public static TheoryData<string, string, string, bool> Places => new()
    {
        { "Development", "JwtAuth:Lab:Enabled", "true", true },
        { "Development", "JwtAuth:Lab:Enabled", "false", false },
        { "Development", "JwtAuth:Issuer", "https://auth.example.com", false },
        { "Production", "JwtAuth:Lab:Enabled", "true", false },
        { "Production", "JwtAuth:Lab:Enabled", "false", false },
    };

    [Theory]
    [MemberData(nameof(Places))]
    public async Task The_thief_is_in_the_route_table_in_Development_on_loopback_alone(
        string environment, string key, string value, bool isThere)
    {
        await using ServerHost other = (environment == "Development" ? new ServerHost() : Production.Host()).With(key, value);
        using HttpClient client = other.Connect();

        string[] routes = [.. other.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(endpoint => endpoint.RoutePattern.RawText!).Where(route => route.Contains("thief"))];

        routes.Should().BeEquivalentTo(
            isThere ? ["lab/thief/steal", "auth/lab/thief/steal", "lab/thief/try", "lab/thief/unhearing-api"] : (string[])[]);
        (await client.AskAsync("POST", "/lab/thief/steal", null, ("Origin", other.Issuer), ("X-Forwarded-Proto", "https"))).Status
            .Should().BeOneOf(isThere ? 200 : 404, isThere ? 200 : 400);
    }

    [Theory]
    [InlineData("X-Forwarded-For", "192.0.2.7")]
    [InlineData("X-Forwarded-For", "127.0.0.1")]
    [InlineData("Forwarded", "for=127.0.0.1")]
    [InlineData("X-Original-For", "127.0.0.1")]
    public async Task To_what_a_proxy_passes_on_the_thief_is_not_there_whether_the_proxy_is_trusted_or_not(string name, string value)
    {
        await using ServerHost trusting = new ServerHost().With("JwtAuth:Proxy:TrustedNetworks", "127.0.0.1");
        foreach (ServerHost each in (ServerHost[])[host, trusting])
        {
            using HttpClient client = each.Connect();
            foreach (string path in (string[])["/lab/thief/steal", "/auth/lab/thief/steal", "/lab/thief/try"])
            {
                Reply refused = await client.AskAsync("POST", path, """{"handle":"x"}""", ("Origin", each.Issuer), (name, value));
                (refused.Status, refused.Code, refused.Json.TryGetProperty("detail", out var detail) ? $"{detail}" : "")
                    .Should().Be((404, "not_found", ""));
            }
            (await client.AskAsync("GET", "/lab/thief/unhearing-api", null, (name, value))).Status.Should().Be(404);
            (await client.AskAsync("GET", "/lab/about", null, (name, value))).Json.GetProperty("stealing").GetBoolean().Should().BeFalse();

            (await client.AskAsync("POST", "/lab/thief/steal", null, ("Origin", each.Issuer))).Status.Should().Be(200);
            (await client.AskAsync("GET", "/lab/about")).Json.GetProperty("stealing").GetBoolean().Should().BeTrue();
        }
    }

    [Fact]
    public async Task To_a_neighbour_on_the_network_the_thief_is_not_there()
    {
        IPAddress? own = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(device => device.GetIPProperties().UnicastAddresses).Select(unicast => unicast.Address)
            .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address));
        Assert.SkipWhen(own is null, "This machine has no address but loopback; give it a network.");
        string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
        using ReservedPort port = new();
        string issuer = $"http://127.0.0.1:{port.Number}";
        await using (ServerProcess process = await ServerProcess.StartAsync(directory, new Dictionary<string, string>
        {
            ["urls"] = $"http://0.0.0.0:{port.Number}",
            ["JwtAuth:Issuer"] = issuer,
            ["JwtAuth:AllowRemoteInDevelopment"] = "true",
            ["JwtAuth:Hosts:0"] = $"{own}",
        }))
        {
            using HttpClient near = new() { BaseAddress = new Uri(issuer) },
                far = new() { BaseAddress = new Uri($"http://{own}:{port.Number}") };

            (await far.AskAsync("POST", "/lab/thief/steal", null, ("Origin", issuer))).Status.Should().Be(404);
            (await far.AskAsync("GET", "/lab/about")).Json.GetProperty("stealing").GetBoolean().Should().BeFalse();
            (await near.AskAsync("POST", "/lab/thief/steal", null, ("Origin", issuer))).Status.Should().Be(200);
        }
        Directory.Delete(directory, recursive: true);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("null")]
    [InlineData("http://localhost:5173")]
    [InlineData("https://evil.example")]
    public async Task Only_pages_of_the_service_itself_steal_and_try(string? origin)
    {
        using HttpClient client = host.Connect();
        string handle = await StealOneAsync(client, ("Authorization", $"Bearer {fixture.Token}"));
        (string, string)[] headers = origin is null ? [] : [("Origin", origin)];

        (await client.AskAsync("POST", "/lab/thief/steal", null, headers)).Code.Should().Be("forbidden");
        (await client.AskAsync("POST", "/auth/lab/thief/steal", null, headers)).Code.Should().Be("forbidden");
        (await client.AskAsync("POST", "/lab/thief/try", new { handle }, headers)).Code.Should().Be("forbidden");
        (await client.AskAsync("POST", "/lab/thief/try", new { handle }, ("Origin", host.Issuer))).Status.Should().Be(200);
    }

    [Theory]
    [InlineData("Authorization", "Bearer \u00c3\u00a9")]
    [InlineData("Authorization", "Basic \u00c3\u00a9")]
    [InlineData("Cookie", "{session}=\u00c3\u00a9")]
    public async Task What_no_client_could_send_again_is_not_stolen(string header, string value)
    {
        value = value.Replace("{session}", host.Get<OwnCookies>().Session, StringComparison.Ordinal);
        Reply reply = (await RawHttp.SendAsync(new Uri(host.Issuer), $"POST /lab/thief/steal HTTP/1.1\r\n"
            + $"Host: localhost\r\nOrigin: {host.Issuer}\r\n{header}: {value}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")).Single();

        (reply.Status, reply.Body).Should().Be((200, """{"stolen":[]}"""));
        using HttpClient client = host.Connect();
        (await StealOneAsync(client, ("Authorization", "Bearer e"))).Should().NotBeEmpty();
    }

    [Fact]
    public async Task Each_credential_of_a_request_gets_a_handle_and_its_length_and_no_reply_or_log_line_has_a_value()
    {
        using HttpClient client = host.Connect();
        string basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"alice:{ServerHost.Password}"));
        string[] values = [fixture.Token, "s-secret-value", "g-secret-value", "r-secret-value", basic, "jpat_secret"];
        string port = $"{new Uri(host.Issuer).Port}", session = $"jwtauth-session-{port}", signed = $"jwtauth-signed-{port}",
            refresh = $"jwtauth-refresh-{port}", cookies = $"{session}={values[1]}; other=x; {signed}={values[2]}; {refresh}={values[3]}";

        Reply all = await client.AskAsync("POST", "/auth/lab/thief/steal", null, ("Origin", host.Issuer),
            ("Authorization", $"Bearer {fixture.Token}"), ("Cookie", cookies));
        Reply named = await client.AskAsync("POST", "/lab/thief/steal", null, ("Origin", host.Issuer), ("Authorization", $"Basic {basic}"));
        Reply personal =
            await client.AskAsync("POST", "/lab/thief/steal", null, ("Origin", host.Issuer), ("Authorization", "Bearer jpat_secret"));
        Reply nothing = await client.AskAsync("POST", "/lab/thief/steal", null, ("Origin", host.Issuer));

        all.Json.GetProperty("stolen").EnumerateArray().Select(copy =>
            ($"{copy.GetProperty("kind")}", $"{copy.GetProperty("name")}", copy.GetProperty("bytes").GetInt32())).Should().Equal(
            ("bearer", "Bearer", $"Authorization: Bearer {fixture.Token}\r\n".Length),
            ("session", session, $"Cookie: {session}=s-secret-value\r\n".Length),
            ("signed_cookie", signed, $"Cookie: {signed}=g-secret-value\r\n".Length),
            ("refresh_token", refresh, $"Cookie: {refresh}=r-secret-value\r\n".Length));
        $"{named.Json.GetProperty("stolen")[0].GetProperty("kind")}".Should().Be("basic");
        $"{personal.Json.GetProperty("stolen")[0].GetProperty("kind")}".Should().Be("personal_access_token");
        nothing.Json.GetProperty("stolen").GetArrayLength().Should().Be(0);
        foreach (string value in values)
        {
            string.Concat(all.Bytes, named.Bytes, personal.Bytes).Should().NotContain(value);
            host.Log.All.Should().NotContain(line => line.Contains(value, StringComparison.Ordinal));
        }
        all.Json.GetProperty("stolen")[0].EnumerateObject().Select(member => member.Name).Should().Equal("handle", "kind", "name", "bytes");
    }

    [Theory]
    [InlineData(true, 401)]
    [InlineData(false, 200)]
    public async Task A_copy_of_an_access_token_is_tried_here_and_where_no_denials_are_heard(bool denylist, int afterwards)
    {
        await using ServerHost other = new ServerHost().With("JwtAuth:Denylist:Enabled", $"{denylist}");
        await other.AddAccountAsync("alice");
        string token = await other.LoginAsync("alice", scope: "orders:read");
        using HttpClient client = other.Connect();
        string handle = await StealOneAsync(client, ("Authorization", $"Bearer {token}"));

        Reply before = await TryAsync(client, handle);
        (await client.AskAsync("POST", "/auth/logout", null, ("Authorization", $"Bearer {token}"))).Status.Should().Be(200);
        Reply after = await TryAsync(client, handle);
        other.Time.Advance(TimeSpan.FromMinutes(6));
        Reply late = await TryAsync(client, handle);

        string alice = """{"status":200,"who":"alice","scheme":"bearer","expires_at":"2026-03-01T12:05:00Z","retry_after":null}""";
        string nobody = """{"status":401,"who":null,"scheme":null,"expires_at":null,"retry_after":null}""";
        before.Body.Should().Be($$"""{"here":{{alice}},"unhearing":{{alice}}}""");
        after.Body.Should().Be($$"""{"here":{{(afterwards == 200 ? alice : nobody)}},"unhearing":{{alice}}}""");
        late.Body.Should().Be($$"""{"here":{{nobody}},"unhearing":{{nobody}}}""");
    }

    [Theory]
    [InlineData("session", 401)]
    [InlineData("signed_cookie", 200)]
    public async Task A_copy_of_a_cookie_is_tried_as_the_cookie_that_it_is(string credential, int afterwards)
    {
        using HttpClient client = host.Connect();
        Reply login = await client.AskAsync(
            "POST", "/auth/login", new { username = "alice", password = ServerHost.Password, credential }, ("Origin", host.Issuer));
        (string, string) cookie = ("Cookie", login.Header("Set-Cookie").Split(';')[0]);
        string handle = await StealOneAsync(client, cookie);

        Reply before = await TryAsync(client, handle);
        (await client.AskAsync("POST", "/auth/logout", null, ("Origin", host.Issuer), cookie)).Status.Should().Be(200);
        Reply after = await TryAsync(client, handle);

        ($"{before.Json.GetProperty("here").GetProperty("who")}", $"{before.Json.GetProperty("here").GetProperty("scheme")}")
            .Should().Be(("alice", credential));
        after.Json.GetProperty("here").GetProperty("status").GetInt32().Should().Be(afterwards);
        $"{after.Json.GetProperty("unhearing")}".Should().BeEmpty("no API but this one takes it");
    }

    [Fact]
    public async Task A_thief_of_the_refresh_cookie_goes_on_with_its_successor_until_the_logout()
    {
        using HttpClient client = host.Connect();
        Reply login = await client.AskAsync(
            "POST", "/auth/login", new { username = "alice", password = ServerHost.Password, scope = "offline_access", refresh = "cookie" },
            ("Origin", host.Issuer));
        (string, string) cookie = ("Cookie", login.Header("Set-Cookie").Split(';')[0]);
        string handle = await StealOneAsync(client, cookie, "/auth/lab/thief/steal");

        foreach (int round in Enumerable.Range(0, 3))
        {
            Status(await TryAsync(client, handle)).Should().Be(200, $"of round {round}");
            host.Time.Advance(TimeSpan.FromSeconds(30));
        }
        (await client.AskAsync("POST", "/auth/logout", null, ("Origin", host.Issuer), cookie)).Status.Should().Be(200);

        Status(await TryAsync(client, handle)).Should().Be(400);

        static int Status(Reply reply) => reply.Json.GetProperty("here").GetProperty("status").GetInt32();
    }

    [Theory]
    [InlineData("{}", 400)]
    [InlineData("""{"handle":null}""", 400)]
    [InlineData("""{"handle":"x","more":1}""", 400)]
    [InlineData("""{"handle":"nothing is kept under this"}""", 404)]
    public async Task Nothing_is_tried_that_is_not_held(string body, int status)
    {
        using HttpClient client = host.Connect();

        (await client.AskAsync("POST", "/lab/thief/try", body, ("Origin", host.Issuer))).Status.Should().Be(status);
        (await TryAsync(client, await StealOneAsync(client, ("Authorization", $"Bearer {fixture.Token}")))).Status.Should().Be(200);
    }

    [Fact]
    public async Task The_description_of_the_API_knows_nothing_of_the_lab()
    {
        using HttpClient client = host.Connect();
        string description = (await client.AskAsync("GET", "/swagger/v1/swagger.json")).Body;

        description.Should().Contain("/auth/login").And.NotContain("/lab");
    }

    private static async Task<string> StealOneAsync(HttpClient client, (string, string) credential, string path = "/lab/thief/steal")
    {
        string origin = client.BaseAddress!.GetLeftPart(UriPartial.Authority);
        Reply reply = await client.AskAsync("POST", path, null, ("Origin", origin), credential);
        return reply.Json.GetProperty("stolen").EnumerateArray().Should().ContainSingle().Which.GetProperty("handle").GetString()!;
    }

    private static Task<Reply> TryAsync(HttpClient client, string handle) =>
        client.AskAsync("POST", "/lab/thief/try", new { handle }, ("Origin", client.BaseAddress!.GetLeftPart(UriPartial.Authority)));

    public sealed class Fixture : IAsyncLifetime
    {
        internal ServerHost Host { get; } = new();

        internal string Token { get; private set; } = "";

        public async ValueTask InitializeAsync()
        {
            await Host.AddAccountAsync("alice");
            Token = await Host.LoginAsync("alice");
        }

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }
}
