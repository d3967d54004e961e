using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.Errors;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests;

public sealed class DocumentationTests
{
    [Fact]
    public void Every_error_code_and_every_rejection_has_its_remedy_in_the_errors_page()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs/errors.md"));

        foreach (ErrorCode error in ErrorCode.All)
            page.Should().Contain($"| `{error.Code}` | {error.Status} | ");
        foreach (TokenRejection rejection in TokenRejection.All)
            page.Should().Contain($"| `{rejection.Reason}` | ");
        page.Should().NotContain("| `no_such_code` |", "the page is searched for whole cells");
    }

    [Fact]
    public void Every_setting_is_in_the_readme()
    {
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));

        foreach (string name in SettingNames.Known)
            readme.Should().Contain($"`{name}`");
    }

    [Fact]
    public void Every_call_is_in_the_runnable_story()
    {
        string story = File.ReadAllText(Path.Combine(Repository.Root, "docs/jwtauth.http"));
        string[] calls =
        [
            "GET {{host}}/health/live", "GET {{host}}/health/ready", "GET {{host}}/me", "POST {{host}}/auth/register", "POST {{host}}/auth/login",
            "GET {{host}}/.well-known/jwks.json", "GET {{host}}/.well-known/openid-configuration", "GET {{host}}/.well-known/oauth-authorization-server",
            "GET {{host}}/admin/users", "/disable", "/enable", "/password", "PUT {{host}}/admin/users", "DELETE {{host}}/admin/users",
        ];

        foreach (string call in calls)
            story.Should().Contain(call);
    }
}
