using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Routing;

namespace JwtAuth.Tests.Pipeline;

public sealed class MethodTests(OneHost fixture) : IClassFixture<OneHost>
{
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"];

    // Files are no endpoints.
    private static readonly string[] Files =
    [
        "/favicon.ico", "/pages.css", "/jwtauth.js", "/jwtauth.d.ts", "/lab", "/lab/", "/lab/lab.js", "/swagger", "/swagger/index.html",
        "/swagger/v1/swagger.json",
    ];

    private readonly ServerHost host = fixture.Host;

    [Fact]
    public async Task Every_path_says_405_and_its_methods_to_every_other_one()
    {
        using HttpClient client = host.Connect(fixture.AdminToken);
        Dictionary<string, string[]> allowed = Allowed();

        foreach ((string path, string[] methods) in allowed)
        {
            foreach (string method in Methods)
            {
                Reply reply = await client.AskAsync(method, path, method is "POST" or "PUT" ? "{}" : null);
                string what = $"{method} {path}";
                if (methods.Contains(method))
                    reply.Status.Should().NotBe(405, what);
                else
                    (reply.Status, string.Join(' ', reply.Header("Allow").Split(", ").Order())).Should()
                        .Be((405, string.Join(' ', methods.Order())), what);
            }
        }
        allowed.Should().HaveCountGreaterThan(35);
    }

    [Fact]
    public async Task Where_GET_is_answered_HEAD_is_too_with_the_same_head_and_no_body()
    {
        using HttpClient client = host.Connect(await host.LoginAsync("root", host.Issuer)); // no call of the other test has ended it
        List<string> whole = [];

        foreach (string path in Allowed().Where(entry => entry.Value.Contains("GET")).Select(entry => entry.Key))
        {
            Reply get = await client.AskAsync("GET", path), head = await client.AskAsync("HEAD", path);

            (head.Status, head.Header("Content-Type"), head.Header("Cache-Control"), head.Body)
                .Should().Be((get.Status, get.Header("Content-Type"), get.Header("Cache-Control"), ""), path);
            if (get is { Status: 200, Body.Length: > 0 })
                whole.Add(path);
        }
        whole.Should().Contain(["/me", "/admin/users", "/auth/sessions", "/.well-known/jwks.json", "/health/ready", "/jwtauth.js",
            "/swagger/v1/swagger.json", "/lab/"]);
        using HttpClient nobody = host.Connect();
        (await nobody.AskAsync("HEAD", "/me")).Status.Should().Be(401);
    }

    private Dictionary<string, string[]> Allowed()
    {
        Dictionary<string, string[]> allowed = host.Get<EndpointDataSource>().Endpoints.Cast<RouteEndpoint>()
            .GroupBy(endpoint => "/" + endpoint.RoutePattern.RawText!.TrimStart('/').Replace("{sub}", "x", StringComparison.Ordinal)
                .Replace("{role}", "x", StringComparison.Ordinal).Replace("{id}", "x", StringComparison.Ordinal)
                .Replace("{sid}", "x", StringComparison.Ordinal))
            .ToDictionary(path => path.Key, path => path
                .SelectMany(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["no methods"]).ToArray());
        foreach (string path in Files)
            allowed.Add(path, ["GET", "HEAD"]);
        return allowed;
    }
}
