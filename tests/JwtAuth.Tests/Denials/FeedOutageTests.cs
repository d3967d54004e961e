using System.Security.Cryptography;
using System.Text;
using JwtAuth.Bearer.Denials;
using JwtAuth.Server.Sealing;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Denials;

/// <summary>
/// A service that dies, a line that is cut, a database that is another one: what was heard stays denied, and nothing is
/// missed that was denied meanwhile.
/// </summary>
public sealed class FeedOutageTests : IAsyncDisposable
{
    private static readonly TimeSpan TooLong = FeedSetup.MaximumSilence + TimeSpan.FromSeconds(1);

    private readonly FeedSetup setup = new();

    [Fact]
    public async Task While_the_service_is_dead_the_denied_stay_denied_and_what_the_command_line_ends_is_heard_when_it_is_back()
    {
        ApiHost strict = setup.NewApi(), lenient = setup.NewApi(options => options.AcceptWhileSilent = true);
        using HttpClient api = strict.Connect(), other = lenient.Connect();
        Tokens heard, missed;
        int toldBefore;
        await using (ServerProcess first = await ServerProcess.StartAsync(setup.Directory, setup.ProcessSettings))
        {
            setup.Line.PassTo($"{first.Address}");
            using HttpClient http = new() { BaseAddress = first.Address };
            (await http.RegisterAsync("alice")).Status.Should().Be(201);
            (heard, missed) = (await http.BeginAsync("alice"), await http.BeginAsync("alice"));
            setup.Time.Advance(TimeSpan.FromSeconds(2));
            foreach (HttpClient client in new[] { api, other })
                await client.UntilOrdersAsync(missed.Access, 200);
            (await http.AskAsAsync(heard.Access, "POST", "/auth/logout")).Status.Should().Be(200);
            foreach (HttpClient client in new[] { api, other })
                await client.UntilOrdersAsync(heard.Access, 401);
            toldBefore = strict.Lines("The feed of denials is not heard");
            first.Kill();
        }

        (await api.OrdersAsync(missed.Access)).Should().Be(200, "it heard a moment ago");
        setup.Time.Advance(TooLong);
        Reply unknown = await api.AskOrdersAsync(missed.Access);
        (unknown.Status, unknown.Header("Retry-After")).Should().Be((503, "1"));
        (await api.OrdersAsync(heard.Access)).Should().Be(401, "what was heard stays heard");
        (await other.OrdersAsync(missed.Access)).Should().Be(200, "it was told to");
        (await other.OrdersAsync(heard.Access)).Should().Be(401);
        strict.Lines("The feed of denials is not heard").Should().BeGreaterThan(toldBefore);
        (strict.Lines("AcceptWhileSilent: while"), lenient.Lines("AcceptWhileSilent: while")).Should().Be((0, 1));

        // All that was signed until now; a session goes on with the next key.
        await setup.CommandAsync(
            "keys", "revoke", $"{System.Text.Json.Nodes.JsonNode.Parse(Attacks.Forge.Decode(missed.Access.Split('.')[0]))!["kid"]}");
        (await other.OrdersAsync(missed.Access)).Should().Be(200, "nobody has told it");
        await using ServerProcess second = await ServerProcess.StartAsync(setup.Directory, setup.ProcessSettings);
        setup.Line.PassTo($"{second.Address}");
        setup.Time.Advance(TimeSpan.FromSeconds(2));

        using HttpClient again = new() { BaseAddress = second.Address };
        Tokens next = await again.RotateAsync(missed);
        foreach (HttpClient client in new[] { api, other })
        {
            await client.UntilOrdersAsync(missed.Access, 401);
            await client.UntilOrdersAsync(next.Access, 200);
            (await client.OrdersAsync(heard.Access)).Should().Be(401);
        }
    }

    [Fact]
    public async Task What_is_ended_while_the_line_is_cut_or_the_service_is_down_is_heard_afterwards()
    {
        using HttpClient http = setup.Open();
        await setup.Service.AddAccountAsync("alice");
        Tokens cut = await http.BeginAsync("alice"), down = await http.BeginAsync("alice"), spared = await http.BeginAsync("alice");
        using HttpClient api = setup.NewApi().Connect();
        foreach (Tokens tokens in new[] { cut, down, spared })
            await api.UntilOrdersAsync(tokens.Access, 200);

        setup.Line.Cut();
        (await http.AskAsAsync(cut.Access, "POST", "/auth/logout")).Status.Should().Be(200);
        (await api.OrdersAsync(cut.Access)).Should().Be(200, "nobody can know yet");
        setup.Line.Pass();
        setup.Time.Advance(TimeSpan.FromSeconds(2));
        await api.UntilOrdersAsync(cut.Access, 401);

        var log = new DenialLog(setup.Directory);
        using HttpClient restarted = await setup.RestartAsync(() =>
            log.WriteAsync(Denial.OfSession(down.SessionId, down.ExpiresAt.AddHours(5))).GetAwaiter().GetResult());
        setup.Time.Advance(TimeSpan.FromSeconds(2));
        await api.UntilOrdersAsync(down.Access, 401);
        (await api.OrdersAsync(cut.Access), await api.OrdersAsync(spared.Access)).Should().Be((401, 200));
    }

    [Fact]
    public async Task Another_database_behind_the_same_address_is_heard_from_its_beginning_and_what_was_heard_stays_denied()
    {
        byte[] key = RandomNumberGenerator.GetBytes(32);
        setup.Settings["JwtAuth:MasterKey"] = Convert.ToBase64String(key);
        using HttpClient http = setup.Open();
        await setup.Service.AddAccountAsync("alice");
        Tokens before = await http.BeginAsync("alice"), after = await http.BeginAsync("alice"), spared = await http.BeginAsync("alice");
        using HttpClient api = setup.NewApi().Connect();
        (await http.AskAsAsync(before.Access, "POST", "/auth/logout")).Status.Should().Be(200);
        await api.UntilOrdersAsync(before.Access, 401);
        await api.UntilOrdersAsync(after.Access, 200);

        // The same keys and accounts under another name, with a log that begins with another first denial.
        var log = new DenialLog(setup.Directory);
        using HttpClient there = await setup.RestartAsync(() =>
        {
            using var database = new DatabaseFile(setup.Directory);
            database.Execute("DELETE FROM Denials");
            database.Execute(TestedStore.IsPostgres
                ? "ALTER SEQUENCE \"Denials_Number_seq\" RESTART" : "DELETE FROM sqlite_sequence WHERE name = 'Denials'");
            byte[] check = new MasterKey(key).Seal("check", "check", Encoding.ASCII.GetBytes("the right master key opens this"));
            database.Execute($"UPDATE MasterKeyChecks SET Sealed = x'{Convert.ToHexString(check)}'");
            log.WriteAsync(Denial.OfSession(after.SessionId, after.ExpiresAt.AddHours(5))).GetAwaiter().GetResult();
            database.Number("SELECT Number FROM Denials").Should().Be(1, "it is where the other log's first denial was");
        });
        setup.Time.Advance(TimeSpan.FromSeconds(2));

        await api.UntilOrdersAsync(after.Access, 401);
        (await there.MeAsync(before.Access)).Should().Be(200, "this log does not know of it");
        (await api.OrdersAsync(before.Access)).Should().Be(401, "the API does");
        (await api.OrdersAsync(spared.Access)).Should().Be(200);
    }

    public ValueTask DisposeAsync() => setup.DisposeAsync();
}
