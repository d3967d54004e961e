using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.PersonalAccessTokens;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Sealing;

/// <summary>Who can write the database without the master key turns no session and no token of one account into another's.</summary>
public sealed class SealedCredentialTests : IAsyncDisposable
{
    private const string Root = "(SELECT Id FROM AspNetUsers WHERE UserName = 'root')";

    private readonly ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");

    [Theory]
    [InlineData($"Subject = {Root}")]
    [InlineData("Scope = Scope || ' orders:write'")]
    [InlineData("Audience = 'billing'")]
    [InlineData("ExpiresAt = ExpiresAt + 1")]
    [InlineData("CreatedAt = CreatedAt + 1")]
    [InlineData("Seal = NULL")]
    [InlineData("Seal = zeroblob(32)")]
    public async Task A_session_whose_row_was_changed_is_over_and_told_once_and_good_again_when_it_is_put_back(string change)
    {
        AccountSnapshot alice = await host.AddAccountAsync("alice");
        await host.AddAccountAsync("root", "admin");
        using HttpClient client = host.Connect();
        Tokens tokens = await client.BeginAsync("alice");
        string cookie = (await host.BeginCookieAsync(alice, Credentials.Session))!;
        using var database = new DatabaseFile(host.Directory);
        database.Execute("CREATE TABLE Kept AS SELECT * FROM Sessions");
        (await client.MeByCookieAsync(cookie)).Should().Be(200);

        database.Execute($"UPDATE Sessions SET {change}");
        for (int time = 0; time < 3; time++)
        {
            (await client.MeByCookieAsync(cookie)).Should().Be(401);
            (await client.RefreshAsync(tokens.Refresh)).ShouldBeInvalidGrant();
            (await client.RefreshAsync(tokens.Refresh, "offline_access")).ShouldBeInvalidGrant();
        }
        host.Lines("SECURITY: the session ", "in the database is not used").Should().Be(2, "there are two");

        database.Execute("DELETE FROM Sessions");
        database.Execute("INSERT INTO Sessions SELECT * FROM Kept");
        (await client.MeByCookieAsync(cookie)).Should().Be(200);
        (await client.RefreshAsync(tokens.Refresh)).Status.Should().Be(200);
    }

    [Fact]
    public async Task A_session_that_somebody_has_put_into_the_database_opens_nothing()
    {
        AccountSnapshot alice = await host.AddAccountAsync("alice");
        await host.AddAccountAsync("root", "admin");
        using HttpClient client = host.Connect();
        string cookie = (await host.BeginCookieAsync(alice, Credentials.Session))!;
        using var database = new DatabaseFile(host.Directory);
        (await client.MeByCookieAsync(cookie)).Should().Be(200);

        // Alice's secret, for the administrator.
        database.Execute($"""
            CREATE TABLE Planted AS SELECT * FROM Sessions;
            DELETE FROM Sessions;
            UPDATE Planted SET SessionId = 'cGxhbnRlZC1zZXNzaW9uLg', Subject = {Root};
            INSERT INTO Sessions SELECT * FROM Planted
            """);

        (await client.MeByCookieAsync(cookie)).Should().Be(401);
        string root = await host.LoginAsync("root", host.Issuer);
        Reply list = await client.AskAsAsync(root, "GET", "/auth/sessions");
        list.Json.GetProperty("sessions").GetArrayLength().Should().Be(0);
        (await client.BeginAsync("root")).Refresh.Should().NotBeEmpty();
        list = await client.AskAsAsync(root, "GET", "/auth/sessions");
        list.Json.GetProperty("sessions").GetArrayLength().Should().Be(1, "one that the service began");
    }

    [Fact]
    public async Task A_session_that_was_given_to_another_account_is_that_accounts_at_no_logout_and_nothing_is_ended_by_it()
    {
        await host.AddAccountAsync("alice");
        await host.AddAccountAsync("root", "admin");
        using HttpClient client = host.Connect();
        Tokens tokens = await client.BeginAsync("alice");
        string root = await host.LoginAsync("root", host.Issuer);
        using var database = new DatabaseFile(host.Directory);
        database.Execute("CREATE TABLE Kept AS SELECT * FROM Sessions");

        database.Execute($"UPDATE Sessions SET Subject = {Root}");

        (await LogOutAsync()).ShouldBeInvalidGrant();
        (await client.AskAsAsync(root, "DELETE", $"/auth/sessions/{tokens.SessionId}")).Status.Should().Be(404);
        database.Number("SELECT count(*) FROM Sessions").Should().Be(1);
        (await client.MeAsync(root)).Should().Be(200);

        database.Execute("DELETE FROM Sessions");
        database.Execute("INSERT INTO Sessions SELECT * FROM Kept");
        (await LogOutAsync()).Status.Should().Be(200);
        database.Number("SELECT count(*) FROM Sessions").Should().Be(0);

        Task<Reply> LogOutAsync() => client.AskAsync("POST", "/auth/logout", new { refresh_token = tokens.Refresh });
    }

    [Theory]
    [InlineData($"Subject = {Root}")]
    [InlineData("Scope = 'orders:read orders:write'")]
    [InlineData("ExpiresAt = ExpiresAt + 86400000")]
    [InlineData("Id = 'another'")]
    [InlineData("Name = 'another'")]
    [InlineData("CreatedAt = CreatedAt + 1")]
    [InlineData("Hash = x'00'")]
    [InlineData("Seal = NULL")]
    public async Task A_personal_access_token_whose_row_was_changed_is_not_good_and_good_again_when_it_is_put_back(string change)
    {
        await host.AddAccountAsync("alice");
        await host.AddAccountAsync("root", "admin");
        using HttpClient client = host.Connect();
        MadeToken made = await client.MakeAsync(await host.LoginAsync("alice", host.Issuer));
        using var database = new DatabaseFile(host.Directory);
        (await client.LivesAsync(made.Token)).Should().BeTrue();
        database.Execute("CREATE TABLE Kept AS SELECT * FROM PersonalAccessTokens");

        database.Execute($"UPDATE PersonalAccessTokens SET {change}");
        (await client.LivesAsync(made.Token)).Should().BeFalse();
        (await client.LivesAsync(made.Token)).Should().BeFalse();
        if (!change.StartsWith("Hash", StringComparison.Ordinal))
            host.Lines("SECURITY: the personal access token ", "in the database is not used").Should().Be(1);

        database.Execute("DELETE FROM PersonalAccessTokens");
        database.Execute("INSERT INTO PersonalAccessTokens SELECT * FROM Kept");
        (await client.LivesAsync(made.Token)).Should().BeTrue();
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
