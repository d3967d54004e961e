using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Endpoints.Account;

/// <summary>A token behind which no login stands, as a program has one: no call of the account takes it, and none fails over it.</summary>
public sealed class NoLoginTests
{
    public static TheoryData<string, string> Calls => new()
    {
        { "POST", "/auth/logout" },
        { "POST", "/auth/logout/others" },
        { "POST", "/auth/logout/everywhere" },
        { "POST", "/auth/revoke" },
        { "GET", "/auth/sessions" },
        { "DELETE", "/auth/sessions/c2lk" },
        { "POST", "/auth/password" },
        { "POST", "/auth/tokens" },
        { "GET", "/auth/tokens" },
        { "DELETE", "/auth/tokens/c2lk" },
        { "GET", "/admin/users" },
        { "POST", "/admin/users/c2lk/disable" },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task Calls_of_the_account_refuse_a_token_without_a_login(string method, string path)
    {
        await using var host = new ServerHost();
        using HttpClient client = host.Connect();
        var grant = new Grant { Subject = "a-client", Generation = 0, ClientId = "a-client", Audience = host.Issuer, Roles = ["admin"] };
        string token = host.Get<TokenIssuer>().Issue(grant).Value;

        (await AskAsync("GET", "/me")).Should().Be(HttpStatusCode.OK, "it is a good token");
        (await AskAsync(method, path)).Should().Be(HttpStatusCode.Unauthorized);

        async Task<HttpStatusCode> AskAsync(string asked, string where)
        {
            using var request = new HttpRequestMessage(new HttpMethod(asked), where);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            if (where == "/auth/password")
                request.Content =
                    JsonContent.Create(new { current_password = "a quiet harbour at dawn", new_password = "the lamp by the window" });
            if (where == "/auth/tokens" && asked == "POST")
                request.Content = JsonContent.Create(new { name = "a name" });
            using HttpResponseMessage reply = await client.SendAsync(request, TestContext.Current.CancellationToken);
            return reply.StatusCode;
        }
    }
}
