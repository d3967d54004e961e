using System.Text;
using JwtAuth.Server.Audit;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.PersonalAccessTokens;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Audit;

public sealed class AuditSecretsTests : IAsyncDisposable
{
    private const string NewPassword = "the lamp by the window", Typed = "hunter2-that-belongs-into-the-other-field";

    private readonly ServerHost host =
        new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256").With("JwtAuth:Basic:Enabled", "true");

    [Fact]
    public async Task No_record_of_a_full_run_holds_a_password_a_token_a_secret_or_what_was_typed_for_a_name()
    {
        TestClient api = host.AddClient("orders-api");
        using HttpClient client = host.Connect();
        await host.AddAccountAsync("boss", "admin");
        string admin = await host.LoginAsync("boss", host.Issuer);
        (await client.RegisterAsync("alice")).Status.Should().Be(201);
        List<string> secrets = [ServerHost.Password, NewPassword, Typed, api.Secret, "wrong secret", admin,
            "boss", "alice", "nightly report"];

        Tokens tokens = await client.BeginAsync("alice");
        Tokens next = await client.RotateAsync(tokens);
        string account = await host.LoginAsync("alice", host.Issuer);
        MadeToken made = await client.MakeAsync(account);
        string changed = await client.ChangedAsync(made.Token);
        Reply cookie = await client.AskAsync(
            "POST", "/auth/login", new { username = "alice", password = ServerHost.Password, credential = "session" });
        secrets.AddRange([tokens.Access, tokens.Refresh, next.Access, next.Refresh, account, made.Token, changed]);
        secrets.AddRange(Browser.Written(cookie).Select(text => text.Split(';')[0].Split('=', 2)[1]));
        await client.LoginAsync(Typed, ServerHost.Password);
        await client.LoginAsync("alice", Typed);
        await client.LoginAsync("alice", NewPassword);
        await client.AskAsync("GET", "/me", null, TestClient.BasicOf($"alice:{ServerHost.Password}"));
        await client.AskAsync("GET", "/me", null, TestClient.BasicOf($"{Typed}:{Typed}"));
        await client.RevokeAsync(api with { Secret = "wrong secret" }, next.Access);
        await client.RevokeAsync(api with { Id = Typed }, next.Access);
        await client.RevokeAsync(api, changed);
        await client.LivesAsync(PersonalMade());
        host.Time.Advance(TimeSpan.FromMinutes(1));
        await client.RefreshAsync(tokens.Refresh);
        await client.AskAsAsync(account, "DELETE", $"/auth/tokens/{made.Id}");
        await client.AskAsAsync(account, "POST", "/auth/password",
            new { current_password = ServerHost.Password, new_password = NewPassword });
        await client.AskAsAsync(admin, "POST", $"/admin/users/{Typed}/disable");
        await client.AskAsAsync(admin, "PUT", $"/admin/users/{Typed}/roles/{Typed}");
        await host.CommandAsync("users", "disable", "alice");
        await host.CommandAsync("audit", "export");
        List<AuditRecord> trail = await host.TrailAsync(client, admin);

        trail.Select(record => record.Event).Distinct().Should().HaveCountGreaterThan(10);
        string[] rows = [.. TestedStore.RowsOf(host.Directory).Where(row => row.Table == "AuditRecords")
            .Select(row => string.Join('\n', row.Values.Select(
                value => value is byte[] bytes ? Encoding.Latin1.GetString(bytes) : $"{value}")))];
        rows.Should().HaveCount(trail.Count);
        foreach (string row in rows.Concat(trail.Select(record => record.Json.GetRawText())))
        {
            foreach (string secret in secrets)
                row.Should().NotContain(secret).And.NotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)));
        }
        rows.Should().Contain(row => row.Contains("127.0.0.1"), "that is how one would be found");

        string PersonalMade()
        {
            secrets.Add(Server.PersonalAccessTokens.PersonalAccessToken.Make().Reveal());
            return secrets[^1];
        }
    }

    [Fact]
    public void What_is_recorded_is_of_closed_lists_and_none_of_the_words_can_be_made_elsewhere()
    {
        typeof(AuditEvent).GetConstructors().Should().BeEmpty();
        typeof(AuditDetail).GetConstructors().Should().BeEmpty();
        typeof(AuditOutcome).GetConstructors().Should().BeEmpty();
        AuditDetail.Words.Select(word => word.Name).Should().OnlyHaveUniqueItems().And.OnlyContain(name => name.Length < 32);
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
