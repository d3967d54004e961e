using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Endpoints.Admin;

public sealed class LastAdministratorTests : IAsyncLifetime
{
    private readonly ServerHost host = new();
    private AccountSnapshot root = null!;

    [Theory, Trait("row", "ACC-08")]
    [InlineData("POST", "/disable")]
    [InlineData("DELETE", "")]
    [InlineData("DELETE", "/roles/admin")]
    public async Task The_last_administrator_stays(string method, string change)
    {
        AccountSnapshot disabled = await host.AddAccountAsync("disabled-admin", "admin");
        using HttpClient administrator = await AdministratorAsync();
        (await administrator.AskAsync("POST", $"/admin/users/{disabled.Subject}/disable")).Status.Should().Be(204);

        Reply refused = await administrator.AskAsync(method, $"/admin/users/{root.Subject}{change}");

        (refused.Status, refused.Code).Should().Be((409, "last_administrator"));
        (await administrator.AskAsync("GET", "/admin/users")).Status.Should().Be(200, "the refused change was rolled back whole");
        (await administrator.AskAsync("POST", $"/admin/users/{disabled.Subject}/enable")).Status.Should().Be(204);
        (await administrator.AskAsync(method, $"/admin/users/{root.Subject}{change}")).Status.Should().Be(204);
        (await administrator.AskAsync("GET", "/admin/users")).Status.Should().BeOneOf(401, 403);
    }

    [Theory, Trait("row", "ACC-08")]
    [InlineData("POST", "/disable")]
    [InlineData("DELETE", "")]
    [InlineData("DELETE", "/roles/admin")]
    public async Task Two_administrators_who_end_each_other_at_once_leave_one(string method, string change)
    {
        for (int round = 0; round < 3; round++)
        {
            AccountSnapshot first = await host.AddAccountAsync($"first-{round}", "admin"),
                second = await host.AddAccountAsync($"second-{round}", "admin");
            using HttpClient administrator = await AdministratorAsync();
            using HttpClient one = await AdministratorAsync(first.Username), other = await AdministratorAsync(second.Username);
            (await administrator.AskAsync("DELETE", $"/admin/users/{root.Subject}/roles/admin")).Status.Should().Be(204);

            Reply[] replies = await Task.WhenAll(
                one.AskAsync(method, $"/admin/users/{second.Subject}{change}"),
                other.AskAsync(method, $"/admin/users/{first.Subject}{change}"));

            replies.Should().ContainSingle(reply => reply.Status == 204)
                .And.ContainSingle(reply => reply.Status == 409 || reply.Status == 401 || reply.Status == 403);
            using HttpClient survivor =
                replies[0].Status == 204 ? await AdministratorAsync(first.Username) : await AdministratorAsync(second.Username);
            (await survivor.AskAsync("PUT", $"/admin/users/{root.Subject}/roles/admin")).Status.Should().Be(204);
            (await survivor.AskAsync("DELETE", $"/admin/users/{(replies[0].Status == 204 ? first : second).Subject}")).Status
                .Should().Be(204);
        }
    }

    [Fact, Trait("row", "ACC-07")]
    public async Task What_an_administrator_asked_for_before_being_ended_is_not_done_afterwards()
    {
        AccountSnapshot ended = await host.AddAccountAsync("ended", "admin"), other = await host.AddAccountAsync("other");
        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
        AccountStore accounts = scope.ServiceProvider.GetRequiredService<AccountStore>();
        var by = new Caller(ended.Subject, ended.Generation, "a login", Token: null);
        Func<Task<AccountChange>>[] changes =
        [
            () => accounts.ResetPasswordAsync(by, other.Subject, "$2b$10$x"), () => accounts.DisableAsync(by, other.Subject),
            () => accounts.EnableAsync(by, other.Subject),
            () => accounts.AddRoleAsync(by, other.Subject, "clerk"), () => accounts.RemoveRoleAsync(by, other.Subject, "clerk"),
            () => accounts.DeleteAsync(by, other.Subject),
        ];
        (await accounts.AddRoleAsync(by, other.Subject, "auditor")).Should().Be(AccountChange.Done, "so far it stands");

        using HttpClient administrator = await AdministratorAsync();
        (await administrator.AskAsync("POST", $"/admin/users/{ended.Subject}/disable")).Status.Should().Be(204);
        (await administrator.AskAsync("POST", $"/admin/users/{ended.Subject}/enable")).Status.Should().Be(204);

        foreach (Func<Task<AccountChange>> change in changes)
            (await change()).Should().Be(AccountChange.NotStanding);
        (await host.Get<AccountSnapshots>().FindBySubjectAsync(other.Subject, TestContext.Current.CancellationToken))!
            .Should().BeEquivalentTo(other with { Roles = ["auditor"] });
    }

    private async Task<HttpClient> AdministratorAsync(string username = "root") =>
        host.Connect(await host.LoginAsync(username, host.Issuer));

    public async ValueTask InitializeAsync() => root = await host.AddAccountAsync("root", "admin");

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
