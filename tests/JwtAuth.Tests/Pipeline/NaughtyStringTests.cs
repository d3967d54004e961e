using System.Net;
using System.Text;
using System.Text.Json;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Guessing;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Pipeline;

public sealed class NaughtyStringTests(OneHost fixture) : IClassFixture<OneHost>
{
    private readonly ServerHost host = fixture.Host;

    // A request for each place that takes a string.
    private static readonly Dictionary<string, Func<string, (string Method, string Path, object? Body)>> Places = new()
    {
        ["register username"] = text => ("POST", "/auth/register", new { username = text, password = ServerHost.Password }),
        ["register password"] = text => ("POST", "/auth/register", new { username = "alice", password = text }),
        ["register member"] = text => ("POST", "/auth/register", new Dictionary<string, string> { [text] = "x" }),
        ["login username"] = text => ("POST", "/auth/login", new { username = text, password = "not the password" }),
        ["login password"] = text => ("POST", "/auth/login", new { username = "alice", password = text }),
        ["login scope"] = text => ("POST", "/auth/login", new { username = "nobody", password = "x", scope = text }),
        ["login audience"] = text => ("POST", "/auth/login", new { username = "nobody", password = "x", audience = text }),
        ["login credential"] = text => ("POST", "/auth/login", new { username = "nobody", password = "x", credential = text }),
        ["users search"] = text => ("GET", $"/admin/users?search={Uri.EscapeDataString(text)}", null),
        ["users after"] = text => ("GET", $"/admin/users?after={Uri.EscapeDataString(text)}", null),
        ["users limit"] = text => ("GET", $"/admin/users?limit={Uri.EscapeDataString(text)}", null),
        ["users parameter"] = text => ("GET", $"/admin/users?{Uri.EscapeDataString(text)}=1", null),
        ["disable sub"] = text => ("POST", $"/admin/users/{Uri.EscapeDataString(text)}/disable", null),
        ["delete sub"] = text => ("DELETE", $"/admin/users/{Uri.EscapeDataString(text)}", null),
        ["role"] = text => ("PUT", $"/admin/users/nobody/roles/{Uri.EscapeDataString(text)}", null),
        ["reset password"] = text => ("POST", "/admin/users/nobody/password", new { new_password = text }),
        ["path"] = text => ("GET", $"/{Uri.EscapeDataString(text)}", null),
    };

    public static TheoryData<string> PlaceNames => [.. Places.Keys];

    [Theory, Trait("row", "HTP-24"), Trait("row", "PWD-13")]
    [MemberData(nameof(PlaceNames))]
    public async Task No_string_makes_the_service_fail_or_is_echoed(string place)
    {
        host.Time.Advance(TimeSpan.FromHours(1)); // what other places have cost is forgotten
        using HttpClient client = host.Connect(await host.LoginAsync("root", host.Issuer));
        // A taken name is soon no longer hashed for: it is the policy that reads these passwords.
        for (int probe = 0; probe < 55 && place == "register password"; probe++)
            await host.Get<RegistrationLimit>().FindTakenAsync(IPAddress.Loopback);

        foreach (string text in NaughtyStrings.All)
        {
            (string method, string path, object? body) = Places[place](text);
            if (path.Length > 8000)
                continue; // longer than a request line may be
            Reply reply = await client.AskAsync(method, path, body);

            reply.Status.Should().BeInRange(200, 499, text);
            if (place == "path" && reply.Status == 200)
                continue; // it was nothing, or a dot: the first page
            reply.Header("Content-Type").Should().MatchRegex("^(application/(problem\\+)?json.*|)$", text);
            bool isTold = place.Split(' ')[1..] is ["member" or "parameter"] && PlainNames.Include(text);
            if (reply.Status >= 400 && text.Length > 7 && !isTold)
                reply.Body.Should().NotContain(text).And.NotContain(JsonEncodedText.Encode(text).ToString());
        }
        (await client.LoginAsync("root", ServerHost.Password)).Status.Should().Be(200, "and goes on working");
        host.Log.All.Should().NotContain(line => line.Contains("A request failed", StringComparison.Ordinal));
    }

    [Theory, Trait("row", "HTP-24")]
    [InlineData("")]
    [InlineData("Bearer ")]
    [InlineData("Basic ")]
    public async Task No_string_in_a_header_makes_the_service_fail_or_is_echoed(string scheme)
    {
        string[] names =
        [
            "User-Agent", "Origin", "Referer", "Cookie", "Accept", "Accept-Language", "If-None-Match", "X-Forwarded-For",
            "X-Forwarded-Proto", "X-Request-Id", "traceparent", "tracestate", "baggage", "Content-Type", "Access-Control-Request-Method",
            "Access-Control-Request-Headers",
        ];
        Uri address = host.Connect().BaseAddress!;
        string[] safe = [.. NaughtyStrings.All.Where(text => !text.AsSpan().ContainsAny('\r', '\n', '\0') && text.Length < 400)];
        var requests = new StringBuilder();
        foreach (string text in safe)
        {
            // Header values are read as UTF-8.
            string value = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));
            string headers = $"Host: localhost\r\nAuthorization: {scheme}{value}\r\n"
                + $"{string.Concat(names.Select(name => $"{name}: {value}\r\n"))}";
            requests.Append("OPTIONS /auth/login HTTP/1.1\r\n").Append(headers).Append("\r\n");
            requests.Append("POST /auth/login HTTP/1.1\r\nContent-Length: 2\r\n").Append(headers).Append("\r\n{}");
            requests.Append("GET /me HTTP/1.1\r\n").Append(headers).Append("\r\n");
        }
        requests.Append("GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

        IReadOnlyList<Reply> replies = await RawHttp.SendAsync(address, requests.ToString());

        replies.Should().HaveCount((safe.Length * 3) + 1);
        replies.Should().NotContain(reply => reply.Status >= 500);
        replies.SelectMany(reply => reply.Headers).Should().NotContain(
            pair => pair.Value.Contains("alert", StringComparison.Ordinal) || pair.Value.Contains("passwd", StringComparison.Ordinal));
        replies[^1].Status.Should().Be(200);
    }
}
