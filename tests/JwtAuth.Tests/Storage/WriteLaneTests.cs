using JwtAuth.Server.Accounts;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.Revocation;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Storage;

[SqliteOnly("it is about the one lane of SQLite")]
public sealed class WriteLaneTests : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);

    private readonly WatchedTime time = new();
    private readonly ServerHost host;

    public WriteLaneTests() => host = NewHost();

    [Fact]
    public async Task Two_hundred_writers_at_once_all_finish_and_none_writes_over_another()
    {
        AccountSnapshot alice = await host.AddAccountAsync("alice");

        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(async () =>
        {
            // What was read is written back with one more: two at once would lose one.
            await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
            Db db = scope.ServiceProvider.GetRequiredService<Db>();
            await using WriteTransaction transaction = await db.BeginWriteAsync(Urgency.Usual, "alice", Extent.Everything);
            Account row = await db.Users.SingleAsync(account => account.Id == alice.Subject);
            row.Generation++;
            await db.SaveChangesAsync();
            await transaction.CommitAsync();
        }, TestContext.Current.CancellationToken)));

        await using AsyncServiceScope after = host.Services.CreateAsyncScope();
        (await after.ServiceProvider.GetRequiredService<AccountSnapshots>()
            .FindBySubjectAsync(alice.Subject, TestContext.Current.CancellationToken))!
            .Generation.Should().Be(alice.Generation + 200);
    }

    [Fact, Trait("row", "OPS-07")]
    public async Task Who_waits_for_another_writer_for_more_than_five_seconds_is_told_to_come_back_and_readers_go_on()
    {
        TestClient api = host.AddClient("orders-api");
        await host.AddAccountAsync("alice");
        string token = new Forge(host).Live();
        using HttpClient client = host.Connect();
        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();

        await using (WriteTransaction held = await scope.ServiceProvider.GetRequiredService<Db>()
            .BeginWriteAsync(Urgency.Usual, "somebody", Extent.Everything))
        {
            Task<Reply> registration = client.RegisterAsync("bob"), revocation = client.RevokeAsync(api, token);
            (await client.LoginAsync("alice", ServerHost.Password)).Status.Should().Be(200);
            (await client.StatusOfMeAsync(token)).Should().Be(200);
            (await client.IsActiveAsync(api, token)).Should().BeTrue();
            await time.BegunAsync(Bound, times: 3); // with that of the attempt, which nobody waits for
            time.Manual.Advance(Bound - TimeSpan.FromTicks(1));
            (await client.StatusOfMeAsync(token)).Should().Be(200);
            (registration.IsCompleted, revocation.IsCompleted).Should().Be((false, false));

            time.Manual.Advance(TimeSpan.FromTicks(1));

            (await registration).Code.Should().Be("busy");
            (await revocation).ShouldBeOAuthError(503, "temporarily_unavailable");
            foreach (Reply reply in new[] { await registration, await revocation })
                (reply.Status, reply.Header("Retry-After")).Should().Be((503, "2"));
        }

        (await client.StatusOfMeAsync(token)).Should().Be(200, "what was refused was not done");
        (await client.RegisterAsync("bob")).Status.Should().Be(201);
        (await client.RevokeAsync(api, token)).Status.Should().Be(200);
        (await client.StatusOfMeAsync(token)).Should().Be(401);
        host.Log.All.Should().NotContain(line => line.Contains("A request failed", StringComparison.Ordinal));
    }

    // With the bound that the service has by itself.
    private ServerHost NewHost()
    {
        ServerHost made = new ServerHost { Time = time.Manual }.With("JwtAuth:SigningKeys:Algorithm", "ES256")
            .With(services => services.AddSingleton<TimeProvider>(time));
        return made.With("JwtAuth:Storage:ConnectionString", $"Data Source={Path.Combine(made.Directory, "jwtauth.db")}");
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
