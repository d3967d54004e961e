using JwtAuth.Server.Clients;
using JwtAuth.Tests.Apis;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Storage.Postgres;

/// <summary><c>keys drill</c> beside two nodes that serve, with APIs that follow the feed.</summary>
public sealed class KeyDrillTests : IAsyncLifetime
{
    private SharedDatabase database = null!;
    private TestClient reader = null!;
    private ServerProcess first = null!, second = null!;

    public async ValueTask InitializeAsync()
    {
        database = await SharedDatabase.MakeAsync();
        (string secret, string atRest) = ClientSecret.Make();
        reader = new TestClient("orders", secret);
        (string, string)[] settings =
            [("JwtAuth:Clients:orders:Secrets", atRest), ("JwtAuth:Clients:orders:Audiences", "orders"),
                ("JwtAuth:Clients:orders:May", "denials")];
        ServerProcess[] nodes = await Task.WhenAll(database.StartNodeAsync(settings), database.StartNodeAsync(settings));
        (first, second) = (nodes[0], nodes[1]);
    }

    [Fact]
    public async Task A_drill_rotates_and_each_api_on_the_feed_of_either_node_holds_each_key_before_it_signs()
    {
        await using ApiHost one = NewApi(first), other = NewApi(second);
        using HttpClient client = one.Connect(), another = other.Connect();
        await client.HeardAsync();
        await another.HeardAsync();
        await Patience.UntilAsync(async () => (long)(await database.ExecuteAsync("SELECT count(*) FROM \"FeedListeners\""))! == 2);

        (int exitCode, string output, string error) = await database.CommandAsync("keys", "drill", "--rounds", "2");

        (exitCode, error).Should().Be((0, ""));
        output.Should().MatchRegex(@"\A(round \d: \S+ held by 2 of 2 after [\d.]+ s, signs now\n){2}"
            + @"2 rotations: each of 2 held each key before it signed; the slowest after [\d.]+ s\n\z");
        (await database.CommandAsync("keys", "list")).StandardOutput.Split('\n').Count(line => line.Contains(" signs ")).Should().Be(1);
    }

    [Fact]
    public async Task An_api_that_does_not_hold_the_next_key_or_does_not_say_fails_the_drill_and_the_key_is_taken_back()
    {
        using HttpClient http = new() { BaseAddress = first.Address };
        string before = (await database.CommandAsync("keys", "list")).StandardOutput;
        (await database.CommandAsync("keys", "drill", "--within", "1")).StandardError.Should().Contain("no API follows the feed");
        (await http.AskAsync("GET", "/denials?listener=stuck&keys=anOlderSet", null, reader.Basic)).Status.Should().Be(200);
        (await http.AskAsync("GET", "/denials", null, reader.Basic)).Status.Should().Be(200, "as an older version asks");
        await Patience.UntilAsync(async () => (long)(await database.ExecuteAsync("SELECT count(*) FROM \"FeedListeners\""))! == 2);

        (int exitCode, string output, string error) = await database.CommandAsync("keys", "drill", "--within", "1");

        exitCode.Should().Be(1);
        output.Should().Contain("orders (stuck) does not hold").And.Contain("it does not say what it holds");
        error.Should().Contain("2 of 2 do not hold the next key");
        (await database.CommandAsync("keys", "list")).StandardOutput.Should().Be(before);
    }

    public async ValueTask DisposeAsync()
    {
        await first.DisposeAsync();
        await second.DisposeAsync();
        await database.DisposeAsync();
    }

    private ApiHost NewApi(ServerProcess node) => new ApiHost($"{node.Address}".TrimEnd('/'))
        .With("JwtAuth:Denials", "Feed").With("JwtAuth:ClientId", reader.Id).With("JwtAuth:ClientSecret", reader.Secret);
}
