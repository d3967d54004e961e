using System.Collections.Concurrent;
using JwtAuth.Bearer.Denials;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Storage.Postgres;

/// <summary>Numbers of denials become visible in their order. A sequence alone does not do that.</summary>
public sealed class DenialNumberTests : IAsyncLifetime
{
    private const int Writers = 32, Each = 25;

    private SharedDatabase database = null!;

    public async ValueTask InitializeAsync() => database = await SharedDatabase.MakeAsync();

    [Fact]
    public async Task A_reader_that_goes_on_from_the_last_number_misses_none_of_thirty_two_writers_that_linger_before_they_commit()
    {
        await using ServerHost host = database.NewHost();
        _ = host.Connect();
        using var done = new CancellationTokenSource();
        ConcurrentQueue<string> read = [];
        Task reading = Task.Run(() => FollowAsync(host, read, done.Token), TestContext.Current.CancellationToken);

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            var random = new Random(writer);
            for (int number = 0; number < Each; number++)
                await WriteAsync(host, $"{writer}.{number}", random.Next(4));
        }, TestContext.Current.CancellationToken)));
        await Patience.UntilAsync(() => Task.FromResult(read.Contains("last") || read.Count >= Writers * Each), "what is visible is read");
        await WriteAsync(host, "last", 0);
        await Patience.UntilAsync(() => Task.FromResult(read.Contains("last")));
        await done.CancelAsync();
        await reading;

        read.Should().OnlyHaveUniqueItems().And.HaveCount((Writers * Each) + 1);
    }

    // The number is drawn by the saving. Between it and the commit others draw theirs, if nothing keeps them from it.
    private static async Task WriteAsync(ServerHost host, string name, int milliseconds)
    {
        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
        Db db = scope.ServiceProvider.GetRequiredService<Db>();
        await using WriteTransaction transaction = await db.BeginWriteAsync(Urgency.Ending, name, Extent.OneStatement);
        db.Denials.Add(DenialRow.Of(Denial.OfSession(name, DateTimeOffset.UnixEpoch.AddYears(100))));
        await db.SaveChangesAsync();
        await db.Database.ExecuteSqlAsync($"SELECT pg_sleep({milliseconds / 1000.0})");
        await transaction.CommitAsync();
    }

    private static async Task FollowAsync(ServerHost host, ConcurrentQueue<string> read, CancellationToken done)
    {
        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
        Db db = scope.ServiceProvider.GetRequiredService<Db>();
        long last = 0;
        while (!done.IsCancellationRequested)
        {
            foreach (DenialRow row in await db.Denials.AsNoTracking().Where(row => row.Number > last).OrderBy(row => row.Number)
                .ToListAsync(CancellationToken.None))
            {
                read.Enqueue(row.Name);
                last = row.Number;
            }
        }
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();
}
