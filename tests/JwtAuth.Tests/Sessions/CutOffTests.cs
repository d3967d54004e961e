using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Passwords;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Sessions;

/// <summary>
/// What was read before a cut-off, and is written or signed after it. The moments in between are held by calling the parts one by one.
/// </summary>
public sealed class CutOffTests(SessionsHost fixture) : IClassFixture<SessionsHost>, IAsyncLifetime
{
    private static readonly Device Somewhere = new("192.0.2.7", "a test");
    private static readonly string NewHash = Bcrypt.Hash("the lamp by the window", 10);

    private readonly ServerHost host = fixture.Host;
    private readonly HttpClient client = fixture.Host.Connect();
    private AccountSnapshot account = null!;

    public async ValueTask InitializeAsync() => account = await host.AddAccountAsync($"user-{Guid.NewGuid():N}", "clerk");

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("password changed")]
    [InlineData("password reset")]
    [InlineData("logout everywhere")]
    [InlineData("logout of all others")]
    [InlineData("logged out by an administrator")]
    [InlineData("role removed")]
    [InlineData("disabled")]
    [InlineData("disabled and enabled")]
    [InlineData("deleted")]
    public async Task A_login_that_read_the_account_before_a_cut_off_begins_no_session_and_its_access_token_is_dead(string cutOff)
    {
        AccountSnapshot read = (await host.AskStoreAsync((AccountSnapshots accounts) => accounts.FindByNameAsync(account.Username)))!;
        (await client.MeAsync(Issue(read))).Should().Be(200, "the twin, before");
        (await BeginAsync(read)).Should().NotBeNull("the twin, before");

        await CutOffAsync(cutOff, sessionId: "of no session");

        (await BeginAsync(read)).Should().BeNull();
        (await client.MeAsync(Issue(read))).Should().Be(401);
        using var database = new DatabaseFile(host.Directory);
        if (cutOff != "role removed")
            database.Number("SELECT count(*) FROM Sessions WHERE Subject = $p", account.Subject).Should().Be(0);
        AccountSnapshot? now = await host.AskStoreAsync((AccountSnapshots accounts) => accounts.FindByNameAsync(account.Username));
        if (now is { IsEnabled: true })
        {
            (await client.MeAsync(Issue(now))).Should().Be(200, "what is read afterwards is good");
            (await BeginAsync(now)).Should().NotBeNull();
        }
    }

    [Theory]
    [InlineData("logout")]
    [InlineData("deleted from the list")]
    [InlineData("reuse")]
    [InlineData("password changed")]
    [InlineData("password reset")]
    [InlineData("logout everywhere")]
    [InlineData("logout of all others")]
    [InlineData("logged out by an administrator")]
    [InlineData("disabled")]
    [InlineData("disabled and enabled")]
    [InlineData("deleted")]
    public async Task A_refresh_that_rotated_before_a_cut_off_and_signs_after_it_brings_dead_tokens(string cutOff)
    {
        Rotation.Successor rotated = await RotateAsync((await BeginAsync(account))!),
            twin = await RotateAsync((await BeginAsync(account))!);
        (await client.MeAsync(Issue(rotated))).Should().Be(200, "the twin, before");

        await CutOffAsync(cutOff, rotated.Session.SessionId);

        (await client.MeAsync(Issue(rotated))).Should().Be(401);
        (await client.RefreshAsync(Text(rotated))).ShouldBeInvalidGrant();
        bool isOfOneSession = cutOff is "logout" or "deleted from the list" or "reuse";
        (await client.MeAsync(Issue(twin))).Should().Be(isOfOneSession ? 200 : 401);
        (await client.RefreshAsync(Text(twin))).Status.Should().Be(isOfOneSession ? 200 : 400);
    }

    [Fact]
    public async Task A_role_that_is_removed_between_rotation_and_signing_is_in_no_token_that_lives()
    {
        Rotation.Successor rotated = await RotateAsync((await BeginAsync(account))!);
        rotated.Account.Roles.Should().Equal("clerk");

        await CutOffAsync("role removed", rotated.Session.SessionId);

        (await client.MeAsync(Issue(rotated))).Should().Be(401);
        Tokens next = Tokens.Of(await client.RefreshAsync(Text(rotated)));
        next.Claims.GetProperty("roles").GetArrayLength().Should().Be(0);
        (await client.MeAsync(next.Access)).Should().Be(200);
    }

    [Fact]
    public async Task A_session_cannot_be_begun_while_the_account_is_disabled_and_enabling_it_revives_nothing()
    {
        Tokens before = await client.BeginAsync(account.Username);
        await CutOffAsync("disabled", before.SessionId);
        AccountSnapshot disabled = (await host.AskStoreAsync((AccountSnapshots accounts) => accounts.FindByNameAsync(account.Username)))!;

        (await BeginAsync(account)).Should().BeNull("read before");
        (await BeginAsync(disabled)).Should().BeNull("read while it is disabled");

        (await host.AskStoreAsync((AccountStore accounts) => accounts.EnableAsync(fixture.Root, account.Subject)))
            .Should().Be(AccountChange.Done);
        (await BeginAsync(account)).Should().BeNull();
        (await client.MeAsync(Issue(account))).Should().Be(401);
        (await client.MeAsync(before.Access)).Should().Be(401);
        (await client.RefreshAsync(before.Refresh)).ShouldBeInvalidGrant();
        Tokens after = await client.BeginAsync(account.Username);
        (await client.MeAsync(after.Access)).Should().Be(200);
        (await client.RefreshAsync(after.Refresh)).Status.Should().Be(200);
    }

    [Fact]
    public async Task Of_logins_by_eight_that_race_a_disabling_no_token_works_afterwards()
    {
        await using ServerHost raced = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256").Prepare();

        Reply[] granted = await raced.RaceDisablingAsync(
            _ => new { username = "alice", password = ServerHost.Password, scope = "offline_access" });

        using HttpClient client = raced.Connect();
        foreach (Tokens tokens in granted.Select(Tokens.Of))
        {
            (await client.RefreshAsync(tokens.Refresh)).ShouldBeInvalidGrant();
            (await client.MeAsync(tokens.Access)).Should().Be(401);
        }
        (await client.RefreshAsync((await client.BeginAsync("alice")).Refresh)).Status.Should().Be(200);
    }

    private Task<Rotation.Successor?> BeginAsync(AccountSnapshot snapshot) =>
        host.AskStoreAsync(
            (RefreshTokenStore sessions) => sessions.BeginAsync(snapshot, "orders", ["offline_access"], Somewhere, replaces: null));

    private async Task<Rotation.Successor> RotateAsync(Rotation.Successor session) =>
        (Rotation.Successor)await host.AskStoreAsync(
            (RefreshTokenUses sessions) => sessions.RotateAsync(session.Token, Somewhere, isSharedByTabs: false));

    private string Issue(AccountSnapshot snapshot) =>
        host.Get<TokenIssuer>().Issue(Grant.To(snapshot, "orders", [], TokenIssuer.NewId())).Value;

    private string Issue(Rotation.Successor session) =>
        host.Get<TokenIssuer>().Issue(Grant.To(session.Account, session.Session.Audience, [], session.Session.SessionId), session.At).Value;

    private string Text(Rotation.Successor session) => host.Get<RefreshTokenCodec>().Write(session.Token);

    private async Task CutOffAsync(string cutOff, string sessionId)
    {
        var own = new Caller(account.Subject, account.Generation, sessionId, Token: null);
        var elsewhere = new Caller(account.Subject, account.Generation, "another login", Token: null);
        bool isDone = cutOff switch
        {
            "logout" => await InSessions(sessions => sessions.EndOwnAsync(own)) is not null,
            "deleted from the list" => await InSessions(sessions => sessions.EndListedAsync(elsewhere, sessionId)) is { RefreshTokens: 1 },
            "logout everywhere" => await InSessions(sessions => sessions.EndAllAsync(elsewhere, exceptSessionId: null)) is not null,
            "logout of all others" => await InSessions(sessions => sessions.EndAllAsync(elsewhere, elsewhere.SessionId)) is not null,
            "reuse" => await host.AskStoreAsync((RefreshTokenUses sessions) =>
                sessions.RotateAsync(new RefreshToken(sessionId, -1), Somewhere, isSharedByTabs: false)) is Rotation.Reused,
            "password changed" => await InAccounts(accounts => accounts.ChangePasswordAsync(elsewhere, account.PasswordHash, NewHash)),
            "password reset" => await InAccounts(accounts => accounts.ResetPasswordAsync(fixture.Root, account.Subject, NewHash)),
            "logged out by an administrator" => await InAccounts(accounts => accounts.LogOutAsync(fixture.Root, account.Subject)),
            "role removed" => await InAccounts(accounts => accounts.RemoveRoleAsync(fixture.Root, account.Subject, "clerk")),
            "disabled" => await InAccounts(accounts => accounts.DisableAsync(fixture.Root, account.Subject)),
            "disabled and enabled" => await InAccounts(accounts => accounts.DisableAsync(fixture.Root, account.Subject))
                && await InAccounts(accounts => accounts.EnableAsync(fixture.Root, account.Subject)),
            "deleted" => await InAccounts(accounts => accounts.DeleteAsync(fixture.Root, account.Subject)),
            _ => throw new ArgumentOutOfRangeException(nameof(cutOff)),
        };
        isDone.Should().BeTrue(cutOff);
    }

    private Task<Ended?> InSessions(Func<SessionStore, Task<Ended?>> change) => host.AskStoreAsync(change);

    private async Task<bool> InAccounts(Func<AccountStore, Task<AccountChange>> change) =>
        await host.AskStoreAsync(change) == AccountChange.Done;
}
