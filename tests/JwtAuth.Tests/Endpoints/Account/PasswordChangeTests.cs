using System.Globalization;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Passwords;
using JwtAuth.Tests.Denials;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Endpoints.Account;

public sealed class PasswordChangeTests(SessionsHost fixture) : IClassFixture<SessionsHost>, IAsyncLifetime
{
    private const string NewPassword = "the lamp by the window", OtherPassword = "a boat without a name";

    private readonly ServerHost host = fixture.Host;
    private readonly HttpClient client = fixture.Host.Connect();
    private AccountSnapshot account = null!;

    public async ValueTask InitializeAsync() => account = await host.AddAccountAsync($"user-{Guid.NewGuid():N}");

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_change_ends_all_but_the_session_that_asked_for_it()
    {
        Tokens caller = await BeginAsync(), other = await BeginAsync(), api = await client.BeginAsync(account.Username),
            somebody = await client.BeginAsync("plain");
        string offline = await host.LoginAsync(account.Username);

        Reply done = await ChangeAsync(caller.Access);

        (done.Status, done.Body).Should().Be((204, ""));
        foreach (Tokens tokens in (Tokens[])[other, api])
        {
            (await client.MeAsync(tokens.Access)).Should().Be(401);
            (await client.RefreshAsync(tokens.Refresh)).ShouldBeInvalidGrant();
        }
        (await client.MeAsync(offline)).Should().Be(401);
        (await client.MeAsync(caller.Access)).Should().Be(200);
        (await client.MeAsync((await client.RotateAsync(caller)).Access)).Should().Be(200);
        (await client.MeAsync(somebody.Access)).Should().Be(200);
        (await client.LoginAsync(account.Username, ServerHost.Password)).Status.Should().Be(401);
        (await client.LoginAsync(account.Username, NewPassword)).Status.Should().Be(200);
        host.Lines(account.Subject, "password changed").Should().Be(1);
        host.Log.All.Should().NotContain(line => line.Contains(NewPassword));
    }

    [Theory, Trait("row", "PWD-19")]
    [InlineData("CCCCC")]
    [InlineData("LLLLL")]
    [InlineData("LCLCL")]
    public async Task Wrong_passwords_at_the_change_and_at_the_login_are_counted_together(string doors)
    {
        Tokens caller = await BeginAsync();

        foreach (char door in doors)
        {
            Reply wrong = door == 'C'
                ? await ChangeAsync(caller.Access, current: "a wrong password")
                : await client.LoginAsync(account.Username, "a wrong password");
            (wrong.Status, wrong.Code).Should().Be((401, "invalid_credentials"));
        }

        Reply change = await ChangeAsync(caller.Access), login = await client.LoginAsync(account.Username, ServerHost.Password);
        (change.Status, change.Code, login.Status, login.Code).Should().Be((429, "too_many_attempts", 429, "too_many_attempts"));
        (await client.LoginAsync("plain", ServerHost.Password)).Status.Should().Be(200, "somebody else");
        host.Time.Advance(TimeSpan.FromSeconds(int.Parse(change.Header("Retry-After"), CultureInfo.InvariantCulture)));
        (await ChangeAsync(caller.Access)).Status.Should().Be(204, "after the wait");
        host.Time.Advance(TimeSpan.FromSeconds(1));
        (await client.LoginAsync(account.Username, NewPassword)).Status.Should().Be(200, "the five stay counted");
    }

    [Theory]
    [InlineData("too short", "weak_password")]
    [InlineData("password1234", "weak_password")]
    [InlineData("the name", "weak_password")]
    [InlineData("with \0 in the middle", "weak_password")]
    [InlineData("73 bytes", "weak_password")]
    public async Task A_weak_new_password_is_refused_and_changes_nothing(string password, string code)
    {
        Tokens caller = await BeginAsync(), other = await BeginAsync();
        string weak = password switch { "the name" => account.Username, "73 bytes" => new string('x', 73), _ => password };

        Reply refused = await ChangeAsync(caller.Access, next: weak);

        (refused.Status, refused.Code).Should().Be((400, code));
        (await client.LoginAsync(account.Username, ServerHost.Password)).Status.Should().Be(200);
        (await client.MeAsync(other.Access)).Should().Be(200);
        (await ChangeAsync(caller.Access)).Status.Should().Be(204);
    }

    [Fact, Trait("row", "ACC-09")]
    public async Task A_stolen_access_token_alone_changes_no_password()
    {
        Tokens stolen = await BeginAsync(), ofAnApi = await client.BeginAsync(account.Username, audience: "shipping");

        Reply guessed = await ChangeAsync(stolen.Access, current: "a wrong password");
        Reply without = await client.AskAsAsync(stolen.Access, "POST", "/auth/password", new { new_password = NewPassword });
        Reply leaked = await ChangeAsync(ofAnApi.Access);
        Reply unusable = await ChangeAsync(stolen.Access, current: new string('x', 73));

        (guessed.Status, guessed.Code).Should().Be((401, "invalid_credentials"));
        (without.Status, without.Code).Should().Be((400, "invalid_request"));
        (leaked.Status, leaked.Code).Should().Be((403, "forbidden"));
        (unusable.Status, unusable.Code).Should().Be((400, "invalid_request"));
        (await client.AskAsync("POST", "/auth/password", new { current_password = ServerHost.Password, new_password = NewPassword })).Status
            .Should().Be(401);
        (await client.LoginAsync(account.Username, ServerHost.Password)).Status.Should().Be(200, "nothing was changed");
        (await ChangeAsync(stolen.Access)).Status.Should().Be(204);
    }

    [Fact]
    public async Task A_token_that_has_ended_changes_no_password()
    {
        Tokens ended = await BeginAsync(), alive = await BeginAsync();
        (await client.AskAsAsync(ended.Access, "POST", "/auth/logout")).Status.Should().Be(200);

        (await ChangeAsync(ended.Access)).Status.Should().Be(401);

        (await ChangeAsync(alive.Access)).Status.Should().Be(204);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_two_changes_at_once_one_wins(bool fromTwoSessions)
    {
        Tokens one = await BeginAsync(), other = fromTwoSessions ? await BeginAsync() : one;

        Reply[] replies = await Task.WhenAll(ChangeAsync(one.Access, next: NewPassword), ChangeAsync(other.Access, next: OtherPassword));

        replies.Select(reply => reply.Status).Should().BeEquivalentTo([204, 401]);
        bool firstWon = replies[0].Status == 204;
        (await client.LoginAsync(account.Username, firstWon ? NewPassword : OtherPassword)).Status.Should().Be(200);
        (await client.LoginAsync(account.Username, firstWon ? OtherPassword : NewPassword)).Status.Should().Be(401);
        (await client.MeAsync(firstWon ? one.Access : other.Access)).Should().Be(200);
    }

    [Fact]
    public async Task Of_two_changes_that_checked_the_same_password_the_second_is_too_late()
    {
        var caller = new Caller(account.Subject, account.Generation, "a login", Token: null);
        string first = Bcrypt.Hash(NewPassword, 10), second = Bcrypt.Hash(OtherPassword, 10);

        (await host.AskStoreAsync((AccountStore accounts) => accounts.ChangePasswordAsync(caller, account.PasswordHash, first)))
            .Should().Be(AccountChange.Done);
        (await host.AskStoreAsync((AccountStore accounts) => accounts.ChangePasswordAsync(caller, account.PasswordHash, second)))
            .Should().Be(AccountChange.PasswordOutdated);
        (await host.AskStoreAsync((AccountStore accounts) =>
            accounts.ChangePasswordAsync(caller with { SessionId = "another" }, first, second))).Should().Be(AccountChange.NotStanding);

        (await client.LoginAsync(account.Username, OtherPassword)).Status.Should().Be(401);
        (await client.LoginAsync(account.Username, NewPassword)).Status.Should().Be(200);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(11)]
    public async Task A_hash_of_another_work_factor_is_renewed_and_changed_in_one_call(int workFactor)
    {
        Tokens caller = await BeginAsync();
        using var database = new DatabaseFile(host.Directory);
        database.Execute(
            $"UPDATE AspNetUsers SET PasswordHash = '{Bcrypt.Hash(ServerHost.Password, workFactor)}' WHERE Id = $p", account.Subject);

        (await ChangeAsync(caller.Access, current: "a wrong password")).Status.Should().Be(401);
        (await ChangeAsync(caller.Access)).Status.Should().Be(204);

        (await client.LoginAsync(account.Username, NewPassword)).Status.Should().Be(200);
        (await client.LoginAsync(account.Username, ServerHost.Password)).Status.Should().Be(401);
        host.Lines("Password hash of account", account.Subject, "renewed with").Should().Be(1);
    }

    private Task<Tokens> BeginAsync() => client.BeginAsync(account.Username, audience: host.Issuer);

    private Task<Reply> ChangeAsync(string access, string current = ServerHost.Password, string next = NewPassword) =>
        client.AskAsAsync(access, "POST", "/auth/password", new { current_password = current, new_password = next });
}
