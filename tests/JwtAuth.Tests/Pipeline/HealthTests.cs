using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Pipeline;

public sealed class HealthTests
{
    [Fact]
    public async Task A_service_that_cannot_know_what_has_been_ended_is_alive_and_not_ready()
    {
        await using var host = new ServerHost();
        using HttpClient client = host.Connect();
        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
        Db db = scope.ServiceProvider.GetRequiredService<Db>();
        host.Time.Advance(TimeSpan.FromHours(1));
        (await StatusAsync("ready")).Should().Be(200, "it looks for itself before it gives up");

        // Its rows can still be counted, so the store that is read through meanwhile is not found damaged.
        await ExecuteAsync("ALTER TABLE \"Denials\" RENAME COLUMN \"Number\" TO \"Hidden\"");
        (await StatusAsync("ready")).Should().Be(200, "for five seconds");
        host.Time.Advance(TimeSpan.FromSeconds(6));
        (await StatusAsync("ready")).Should().Be(503);
        (await StatusAsync("live")).Should().Be(200);

        await ExecuteAsync("ALTER TABLE \"Denials\" RENAME COLUMN \"Hidden\" TO \"Number\"");
        (await StatusAsync("ready")).Should().Be(200);

        Task<int> ExecuteAsync(string statement) => db.Database.ExecuteSqlRawAsync(statement, TestContext.Current.CancellationToken);

        async Task<int> StatusAsync(string probe) => (await client.AskAsync("GET", $"/health/{probe}")).Status;
    }
}
