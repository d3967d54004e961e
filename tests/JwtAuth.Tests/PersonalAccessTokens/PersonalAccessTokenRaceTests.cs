using JwtAuth.Server.Accounts;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Server.Sessions;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.PersonalAccessTokens;

public sealed class PersonalAccessTokenRaceTests(SessionsHost fixture) : IClassFixture<SessionsHost>, IAsyncLifetime
{
    private readonly ServerHost host = fixture.Host;
    private readonly HttpClient client = fixture.Host.Connect();
    private AccountSnapshot account = null!;
    private string bearer = "";

    public async ValueTask InitializeAsync()
    {
        account = await host.AddAccountAsync($"user-{Guid.NewGuid():N}", "clerk");
        bearer = await host.LoginAsync(account.Username, host.Issuer);
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Of_64_at_the_bound_no_more_are_made_than_an_account_may_have()
    {
        await Task.WhenAll(Enumerable.Range(0, PersonalAccessTokenStore.MaximumPerAccount - 5).Select(_ => client.MakeAsync(bearer)));

        Reply[] replies = await Task.WhenAll(
            Enumerable.Range(0, 64).Select(_ => client.AskAsAsync(bearer, "POST", "/auth/tokens", new { name = "x", lifetime_days = 1 })));

        replies.Count(reply => reply.Status == 201).Should().Be(5);
        replies.Where(reply => reply.Status != 201).Should().OnlyContain(reply => reply.Status == 409 && reply.Code == "too_many_tokens");
        (await client.AskAsAsync(bearer, "GET", "/auth/tokens")).Json.GetProperty("tokens").GetArrayLength().Should().Be(50);
        string id = (await client.AskAsAsync(bearer, "GET", "/auth/tokens")).Json.GetProperty("tokens")[49].GetProperty("id").GetString()!;
        (await client.AskAsAsync(bearer, "DELETE", $"/auth/tokens/{id}")).Status.Should().Be(204);
        await client.MakeAsync(bearer);
        (await client.AskAsAsync(bearer, "POST", "/auth/tokens", new { name = "x" })).Code
            .Should().Be("too_many_tokens", "one made room for one");

        host.Time.Advance(TimeSpan.FromDays(1));
        bearer = await host.LoginAsync(account.Username, host.Issuer);
        await client.MakeAsync(bearer); // those of a day have expired, and do not count
    }

    [Fact, Trait("row", "PAT-04")]
    public async Task Whoever_uses_it_while_it_is_deleted_has_nothing_afterwards()
    {
        MadeToken token = await client.MakeAsync(bearer);
        Task<Reply>[] uses = [.. Enumerable.Range(0, 48)
            .Select(number => number % 3 == 0 ? client.AskAsAsync(token.Token, "GET", "/me") : client.ChangeAsync(token.Token))];
        await Task.WhenAny(uses);

        (await client.AskAsAsync(bearer, "DELETE", $"/auth/tokens/{token.Id}")).Status.Should().Be(204);

        (await client.LivesAsync(token.Token)).Should().BeFalse("the answer was given");
        Reply[] replies = await Task.WhenAll(uses);
        replies.Select(reply => reply.Status)
            .Should().OnlyContain(status => status == 200 || status == 401).And.Contain(200, "some came before");
        foreach (Reply reply in replies.Where(reply => reply.Status == 200 && reply.Json.TryGetProperty("access_token", out _)))
            (await client.MeAsync(reply.Json.GetProperty("access_token").GetString()!)).Should().Be(401);
    }

    [Fact]
    public async Task Of_those_that_are_made_while_the_user_is_disabled_none_lives()
    {
        string root = await host.LoginAsync("root", host.Issuer);
        Task<Reply>[] makings = [.. Enumerable.Range(0, 16).Select(_ => MakeAsync())];
        await Task.WhenAny(makings);

        Task<Reply> disabling = client.AskAsAsync(root, "POST", $"/admin/users/{account.Subject}/disable");
        Reply[] replies = await Task.WhenAll([.. makings, .. Enumerable.Range(0, 32).Select(_ => MakeAsync())]);
        (await disabling).Status.Should().Be(204);

        (await client.AskAsAsync(root, "POST", $"/admin/users/{account.Subject}/enable")).Status.Should().Be(204);
        string[] made = [.. replies.Where(reply => reply.Status == 201).Select(reply => reply.Json.GetProperty("token").GetString()!)];
        made.Should().NotBeEmpty();
        replies.Should().OnlyContain(reply => reply.Status == 201 || reply.Status == 401);
        using var database = new DatabaseFile(host.Directory);
        database.Number("SELECT count(*) FROM PersonalAccessTokens WHERE Subject = $p", account.Subject).Should().Be(0);
        (await client.LivesAsync(made[0])).Should().BeFalse();
        (await client.LivesAsync((await client.MakeAsync(await host.LoginAsync(account.Username, host.Issuer))).Token))
            .Should().BeTrue("a new one may be made");

        Task<Reply> MakeAsync() => client.AskAsAsync(bearer, "POST", "/auth/tokens", new { name = "x" });
    }

    [Theory]
    [InlineData("nothing", true)]
    [InlineData("password changed elsewhere", false)]
    [InlineData("password reset", false)]
    [InlineData("logout everywhere", false)]
    [InlineData("logged out by an administrator", false)]
    [InlineData("disabled", false)]
    [InlineData("disabled and enabled", false)]
    [InlineData("deleted", false)]
    public async Task Whoever_was_let_in_before_a_cut_off_makes_none_after_it(string cutOff, bool isMade)
    {
        var caller = new Caller(account.Subject, account.Generation, "a login", Token: null);
        await CutOffAsync(cutOff);

        PersonalAccessTokenAddition addition = await host.AskStoreAsync(
            (PersonalAccessTokenStore store) =>
                store.AddAsync(caller, PersonalAccessToken.Make(), "x", ["orders:read"], TimeSpan.FromDays(1)));

        (addition is PersonalAccessTokenAddition.Added).Should().Be(isMade);
        (addition is PersonalAccessTokenAddition.NotStanding).Should().Be(!isMade);
        using var database = new DatabaseFile(host.Directory);
        database.Number("SELECT count(*) FROM PersonalAccessTokens WHERE Subject = $p", account.Subject).Should().Be(isMade ? 1 : 0);
    }

    private async Task CutOffAsync(string cutOff)
    {
        var elsewhere = new Caller(account.Subject, account.Generation, "another login", Token: null);
        AccountChange change = cutOff switch
        {
            "password changed elsewhere" =>
                await In(accounts => accounts.ChangePasswordAsync(elsewhere, account.PasswordHash, account.PasswordHash)),
            "password reset" => await In(accounts => accounts.ResetPasswordAsync(fixture.Root, account.Subject, account.PasswordHash)),
            "logged out by an administrator" => await In(accounts => accounts.LogOutAsync(fixture.Root, account.Subject)),
            "disabled" or "disabled and enabled" => await In(accounts => accounts.DisableAsync(fixture.Root, account.Subject)),
            "deleted" => await In(accounts => accounts.DeleteAsync(fixture.Root, account.Subject)),
            _ => AccountChange.Done,
        };
        change.Should().Be(AccountChange.Done);
        if (cutOff == "disabled and enabled")
            (await In(accounts => accounts.EnableAsync(fixture.Root, account.Subject))).Should().Be(AccountChange.Done);
        if (cutOff == "logout everywhere")
            (await host.AskStoreAsync((SessionStore sessions) => sessions.EndAllAsync(elsewhere, exceptSessionId: null)))
                .Should().NotBeNull();
    }

    private Task<AccountChange> In(Func<AccountStore, Task<AccountChange>> change) => host.AskStoreAsync(change);
}
