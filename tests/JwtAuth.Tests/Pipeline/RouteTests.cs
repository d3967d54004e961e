using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Routing;

namespace JwtAuth.Tests.Pipeline;

public sealed class RouteTests(OneHost fixture) : IClassFixture<OneHost>
{
    // The only calls that anybody may make; HEAD as GET.
    private static readonly string[] Public =
    [
        "POST /auth/register", "POST /auth/login", "POST /auth/refresh",
        "GET /.well-known/jwks.json", "GET /.well-known/oauth-authorization-server", "GET /.well-known/openid-configuration",
        "GET /health/live", "GET /health/ready", "GET /lab/about", "GET /auth/lab/cookies",
        "GET /", "GET /.well-known/security.txt", "GET /.well-known/change-password",
    ];

    private readonly ServerHost host = fixture.Host;

    [Fact, Trait("row", "HTP-15"), Trait("row", "ACC-06")]
    public async Task Every_endpoint_that_is_not_on_the_list_demands_a_token()
    {
        using HttpClient client = host.Connect();
        List<string> open = [], seen = [];

        foreach (RouteEndpoint endpoint in host.Get<EndpointDataSource>().Endpoints.Cast<RouteEndpoint>())
        {
            string path = "/" + endpoint.RoutePattern.RawText!.TrimStart('/')
                .Replace("{sub}", "x", StringComparison.Ordinal).Replace("{role}", "x", StringComparison.Ordinal);
            foreach (string method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"])
            {
                Reply reply = await client.AskAsync(method, path, method == "POST" ? "{}" : null);
                seen.Add($"{method} {path}");
                if (reply.Status is not (401 or 403))
                    open.Add($"{method} {path}");
            }
        }

        open.Should().BeEquivalentTo(Public.Concat(
            Public.Where(call => call.StartsWith("GET", StringComparison.Ordinal)).Select(call => $"HEAD{call[3..]}")));
        seen.Should().HaveCountGreaterThan(Public.Length + 7);
    }

    [Theory, Trait("row", "HTP-13")]
    [InlineData("//admin/users")]
    [InlineData("/./admin/users")]
    [InlineData("/%2e/admin/users")]
    [InlineData("/x/../admin/users")]
    [InlineData("/health/../admin/users")]
    [InlineData("/health/%2e%2e/admin/users")]
    [InlineData("/admin/users/")]
    [InlineData("/ADMIN/USERS")]
    [InlineData("/%61dmin/users")]
    [InlineData("/admin;x/users")]
    [InlineData("/admin/users;x=1")]
    [InlineData("/admin%2fusers")]
    [InlineData("/admin%5cusers")]
    [InlineData("/admin/users%00")]
    [InlineData("/admin/users%20")]
    [InlineData("/admin/users%0a")]
    [InlineData("/admin/users.json")]
    [InlineData("/health/..%5cadmin/users")]
    [InlineData("/health/..%2fadmin/users")]
    [InlineData("/swagger/../admin/users")]
    [InlineData("/admin/users?x=/health/live")]
    [InlineData("/admin/users%3f")]
    [InlineData("/admin/users%23")]
    [InlineData("/%252e%252e/admin/users")]
    [InlineData("/admin/%75sers")]
    [InlineData("http://127.0.0.1/admin/users")]
    public async Task No_spelling_of_a_path_goes_round_its_authorization(string path)
    {
        string user = fixture.UserToken, admin = fixture.AdminToken;

        (await AskAsync(path, null)).Should().BeOneOf(400, 401, 404);
        (await AskAsync(path, user)).Should().BeOneOf(400, 403, 404);
        (await AskAsync(path, admin)).Should().BeOneOf(200, 400, 404);
        (await AskAsync("/admin/users", admin)).Should().Be(200);

        async Task<int> AskAsync(string target, string? bearer)
        {
            Uri address = host.Connect().BaseAddress!;
            string authorization = bearer is null ? "" : $"Authorization: Bearer {bearer}\r\n";
            IReadOnlyList<Reply> replies = await RawHttp.SendAsync(
                address, $"GET {target} HTTP/1.1\r\nHost: {address.Authority}\r\n{authorization}Connection: close\r\n\r\n");
            if (target.StartsWith("http:", StringComparison.Ordinal) && replies[0].Status == 400)
                replies = await RawHttp.SendAsync(
                    address, $"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}Connection: close\r\n\r\n");
            return replies.Should().ContainSingle().Which.Status;
        }
    }

    [Theory]
    [InlineData("GET", "/auth/login", 405, "method_not_allowed")]
    [InlineData("PUT", "/auth/register", 405, "method_not_allowed")]
    [InlineData("TRACE", "/auth/login", 405, "method_not_allowed")]
    [InlineData("GET", "/nothing/here", 404, "not_found")]
    [InlineData("POST", "/nothing", 404, "not_found")]
    public async Task What_is_not_there_is_told_as_a_problem(string method, string path, int status, string code)
    {
        using HttpClient client = host.Connect();

        Reply refused = await client.AskAsync(method, path);

        (refused.Status, refused.Code).Should().Be((status, code));
        (status == 405).Should().Be(refused.Header("Allow") == "POST");
        (await client.LoginAsync("alice", ServerHost.Password)).Status.Should().Be(200);
    }
}
