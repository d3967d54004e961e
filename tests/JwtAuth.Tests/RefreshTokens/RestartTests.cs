using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.RefreshTokens;

public sealed class RestartTests
{
    private static readonly Dictionary<string, string> Strict = new()
    {
        ["JwtAuth:Issuer"] = "http://localhost:5080",
        ["JwtAuth:SigningKeys:Algorithm"] = "ES256",
        ["JwtAuth:RefreshTokens:ReuseWindow"] = "00:00:00",
    };

    [Fact, Trait("row", "REF-05")]
    public async Task A_restart_keeps_sessions_and_knows_a_used_token_again()
    {
        await InDirectoryAsync(async directory =>
        {
            Tokens used, present, twin;
            await using (ServerHost host = Start(directory))
            {
                await host.AddAccountAsync("alice");
                using HttpClient client = host.Connect();
                used = await client.BeginAsync("alice");
                present = await client.RotateAsync(used);
                twin = await client.RotateAsync(await client.BeginAsync("alice"));
            }

            await using ServerHost again = Start(directory);
            again.Time.Advance(TimeSpan.FromMinutes(1));
            using HttpClient survivor = again.Connect();

            (await survivor.MeAsync(present.Access)).Should().Be(200);
            (await survivor.RefreshAsync(used.Refresh)).ShouldBeInvalidGrant();
            (await survivor.RefreshAsync(present.Refresh)).ShouldBeInvalidGrant();
            (await survivor.MeAsync(present.Access)).Should().Be(401);
            again.Lines("SECURITY", present.SessionId).Should().Be(1);
            (await survivor.RefreshAsync(twin.Refresh)).Status.Should().Be(200);
        });
    }

    [Fact, Trait("row", "REF-05")]
    public async Task A_sudden_death_keeps_sessions_and_knows_a_used_token_again()
    {
        await InDirectoryAsync(async directory =>
        {
            Tokens used, present, twin, ended;
            await using (ServerProcess server = await ServerProcess.StartAsync(directory, Strict))
            {
                using HttpClient client = new() { BaseAddress = server.Address };
                (await client.RegisterAsync("alice")).Status.Should().Be(201);
                ended = await client.BeginAsync("alice");
                used = await client.BeginAsync("alice");
                present = await client.RotateAsync(used);
                twin = await client.RotateAsync(await client.BeginAsync("alice"));
                (await client.AskAsAsync(ended.Access, "POST", "/auth/logout")).Status.Should().Be(200);
                server.Kill();
                (await server.WaitForExitAsync()).Should().Be(137, "128 + SIGKILL");
            }

            await using ServerProcess again = await ServerProcess.StartAsync(directory, Strict);
            using HttpClient survivor = new() { BaseAddress = again.Address };

            (await survivor.MeAsync(ended.Access)).Should().Be(401, "an acknowledged logout is durable");
            (await survivor.RefreshAsync(ended.Refresh)).ShouldBeInvalidGrant();
            (await survivor.MeAsync(present.Access)).Should().Be(200);
            (await survivor.RefreshAsync(used.Refresh)).ShouldBeInvalidGrant();
            (await survivor.RefreshAsync(present.Refresh)).ShouldBeInvalidGrant();
            (await survivor.MeAsync(present.Access)).Should().Be(401);
            (await survivor.RefreshAsync(twin.Refresh)).Status.Should().Be(200);
        });
    }

    [Fact]
    public async Task An_audience_that_is_not_configured_any_more_gets_no_token_and_uses_nothing_up()
    {
        await InDirectoryAsync(async directory =>
        {
            Tokens shipping, orders;
            await using (ServerHost host = Start(directory).With("JwtAuth:Audiences:1", "shipping"))
            {
                await host.AddAccountAsync("alice");
                using HttpClient client = host.Connect();
                (shipping, orders) = (await client.BeginAsync("alice", audience: "shipping"), await client.BeginAsync("alice"));
            }

            await using (ServerHost without = Start(directory))
            {
                using HttpClient client = without.Connect();
                (await client.RefreshAsync(shipping.Refresh)).ShouldBeInvalidGrant();
                (await client.RefreshAsync(orders.Refresh)).Status.Should().Be(200);
                without.Time.Advance(TimeSpan.FromMinutes(1));
                (await client.RefreshAsync(shipping.Refresh)).ShouldBeInvalidGrant();
                without.Lines("SECURITY").Should().Be(0, "nobody has stolen anything");
            }

            await using ServerHost with = Start(directory).With("JwtAuth:Audiences:1", "shipping");
            using HttpClient again = with.Connect();
            (await again.RotateAsync(shipping)).Claims.GetProperty("aud").GetString().Should().Be("shipping");
        });
    }

    private static ServerHost Start(string directory) => new ServerHost(directory)
        .With("JwtAuth:Issuer", "http://localhost:5080")
        .With("JwtAuth:SigningKeys:Algorithm", "ES256")
        .With("JwtAuth:Audiences:0", "orders");

    private static async Task InDirectoryAsync(Func<string, Task> test)
    {
        string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
        try
        {
            await test(directory);
        }
        finally
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            Directory.Delete(directory, recursive: true);
        }
    }
}
