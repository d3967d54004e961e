using System.Text.Json;
using JwtAuth.Bearer.Denials;
using JwtAuth.Tests.Denials;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace JwtAuth.Tests.Audit;

/// <summary>A real API that listens to the real service's feed is a witness to its audit trail.</summary>
public sealed class AuditWitnessTests : IAsyncDisposable
{
    private const string Cut = "the issuer's audit trail was cut";

    private readonly FeedSetup setup = new();

    [Fact]
    public async Task An_API_tells_once_that_the_trail_was_cut_at_the_end_and_goes_on_checking_tokens()
    {
        (HttpClient http, ApiHost api, HttpClient orders, Tokens tokens) = await BeginAsync();
        long head = await HeardAsync(api);

        Execute("DELETE FROM AuditRecords WHERE Number = (SELECT max(Number) FROM AuditRecords)");

        await Patience.UntilAsync(() => Task.FromResult(api.Lines(Cut) > 0));
        api.Lines($"record {head} was told, and the last is {head - 1} now").Should().Be(1);
        (await orders.AskAsync("GET", "/health")).Body.Should().Be("Degraded");
        setup.Service.Lines("SECURITY", "audit trail").Should().Be(1, "the service tells it too");
        await setup.Service.AddAccountAsync("late");
        await HeardAsync(api);
        api.Lines(Cut).Should().Be(1);
        await orders.UntilOrdersAsync(tokens.Access, 200);
        (await orders.AskAsync("GET", "/health")).Body.Should().Be("Degraded", "it stays until somebody has looked");
        http.Dispose();
    }

    [Fact]
    public async Task An_API_notices_what_was_cut_while_it_could_not_hear_also_where_the_trail_is_longer_now()
    {
        (HttpClient http, ApiHost api, _, _) = await BeginAsync();
        long head = await HeardAsync(api);
        setup.Line.Cut();

        Execute("DELETE FROM AuditRecords WHERE Number = (SELECT max(Number) FROM AuditRecords)");
        for (int account = 0; account < 5; account++)
            await setup.Service.AddAccountAsync($"late-{account}");
        setup.Line.Pass();

        await Patience.UntilAsync(() => Task.FromResult(api.Lines(Cut) > 0));
        api.Lines($"record {head} is another one now").Should().Be(1);
        http.Dispose();
    }

    [Fact]
    public async Task A_trail_that_grows_and_a_restored_backup_that_was_announced_are_no_cut()
    {
        (HttpClient http, ApiHost api, HttpClient orders, _) = await BeginAsync();
        for (int account = 0; account < 2; account++)
        {
            await setup.Service.AddAccountAsync($"late-{account}");
            await HeardAsync(api);
        }
        (await orders.AskAsync("GET", "/health")).Body.Should().Be("Healthy");

        await setup.CommandAsync("storage", "restored");

        await Patience.UntilAsync(() => Task.FromResult(api.Lines("has begun another history") == 1));
        api.Lines(Cut).Should().Be(0);
        (await orders.AskAsync("GET", "/health")).Body.Should().Be("Healthy");
        http.Dispose();
    }

    [Fact, SqliteOnly("it is the file that is put back")]
    public async Task A_backup_that_is_put_back_is_noticed_without_the_command_and_taken_with_it()
    {
        string database = Path.Combine(setup.Directory, "jwtauth.db"), backup = Path.Combine(setup.Directory, "backup");
        (HttpClient http, ApiHost api, _, _) = await BeginAsync();
        Execute($"VACUUM INTO '{backup}'");
        for (int account = 0; account < 3; account++)
            await setup.Service.AddAccountAsync($"lost-{account}");
        await HeardAsync(api);

        http.Dispose();
        using HttpClient again = await setup.RestartAsync(() =>
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            foreach (string file in Directory.GetFiles(setup.Directory, "jwtauth.db*"))
                File.Delete(file);
            File.Copy(backup, database);
        });

        await Patience.UntilAsync(() => Task.FromResult(api.Lines(Cut) == 1));
        await setup.CommandAsync("storage", "restored");
        await Patience.UntilAsync(() => Task.FromResult(api.Lines("has begun another history") == 1));
        await setup.CommandAsync("audit", "verify");
        api.Lines(Cut).Should().Be(1);
    }

    [Fact]
    public void A_reader_of_an_older_or_newer_version_and_an_issuer_without_a_trail_get_along()
    {
        const string Newer = """
            {"cursor":"a.1.k","denylist":true,"more":false,"waited_ms":0,"keys":"k","shared_keys":[],"denials":[],"something":{"new":[1]}}
            """;
        DenialPage page = JsonSerializer.Deserialize(Newer, FeedJson.Default.DenialPage)!;
        page.Audit.Should().BeNull();
        page.Cursor.Should().Be("a.1.k", "a member that is not known is passed over");

        var witness = new TrailWitness(NullLogger.Instance);
        witness.Hear(page.Audit);
        witness.Hear(At("e", 5, "five"));
        witness.Hear(null);
        witness.Hear(At("e", 5, "five"));
        witness.Hear(At("e", 9, "nine", before: (5, "five")));
        witness.Fault.Should().BeNull();
        witness.Number.Should().Be(9);
    }

    [Theory]
    [InlineData("e", 8, "eight", 0, "", "record 9 was told, and the last is 8 now")]
    [InlineData("e", 9, "other", 0, "", "record 9 is another one now")]
    [InlineData("e", 12, "twelve", 9, "other", "record 9 is another one now")]
    [InlineData("e", 12, "twelve", 9, "", "record 9 is another one now")]
    [InlineData("e", 12, "twelve", 9, "nine", null)]
    [InlineData("e", 12, "twelve", 0, "", null)]
    [InlineData("f", 2, "two", 0, "", null)]
    public void What_is_told_after_record_nine_is_compared_with_it(
        string epoch, long number, string head, long beforeNumber, string beforeHead, string? fault)
    {
        var witness = new TrailWitness(NullLogger.Instance);
        witness.Hear(At("e", 9, "nine"));

        witness.Hear(At(epoch, number, head, beforeNumber == 0 ? null : (beforeNumber, beforeHead)));

        witness.Fault.Should().Be(fault is null ? null : $"{fault}, and no restored backup was announced");
        witness.Faults.Should().Be(fault is null ? 0 : 1);
        witness.Hear(At("e", 1, "one"));
        witness.Faults.Should().BeGreaterThan(0, "going back to a history that was left is noticed as well");
    }

    private static AuditPage At(string epoch, long number, string head, (long Number, string Head)? before = null) => new()
    {
        Epoch = epoch,
        Number = number,
        Head = head,
        Before = before is var (at, was) ? new AuditPosition { Number = at, Head = was } : null,
    };

    private async Task<(HttpClient Http, ApiHost Api, HttpClient Orders, Tokens Tokens)> BeginAsync()
    {
        HttpClient http = setup.Open();
        await setup.Service.AddAccountAsync("alice");
        await setup.Service.AddAccountAsync("bob");
        ApiHost api = setup.NewApi();
        HttpClient orders = api.Connect();
        Tokens tokens = await http.BeginAsync("alice");
        await orders.UntilOrdersAsync(tokens.Access, 200);
        return (http, api, orders, tokens);
    }

    // Returns when the API has heard of all that there is: what it knows shows in its metric's source.
    private async Task<long> HeardAsync(ApiHost api)
    {
        using var database = new DatabaseFile(setup.Directory);
        long last = database.Number("SELECT max(Number) FROM AuditRecords");
        TrailWitness witness = api.Services.GetRequiredKeyedService<Bearer.RemoteIssuer>("Bearer").Feed!.Trail;
        await Patience.UntilAsync(() => Task.FromResult(witness.Number >= last), $"{witness.Number} < {last}");
        return last;
    }

    private void Execute(string statement)
    {
        using var database = new DatabaseFile(setup.Directory);
        database.Execute(statement);
    }

    public ValueTask DisposeAsync() => setup.DisposeAsync();
}
