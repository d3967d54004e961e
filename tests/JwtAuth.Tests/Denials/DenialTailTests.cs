using JwtAuth.Bearer.Denials;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Audit;
using JwtAuth.Server.Composition;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace JwtAuth.Tests.Denials;

/// <summary>The log of denials, which other processes write too.</summary>
public sealed class DenialTailTests : IAsyncDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
    private readonly ServerHost host;

    public DenialTailTests() => host = NewHost();

    private DateTimeOffset Later => host.Time.GetUtcNow().AddHours(5);

    [Fact]
    public async Task What_another_process_has_written_is_denied_after_the_next_look_and_nothing_else_is()
    {
        var forge = new Forge(host);
        string ended = forge.WithClaim("sid", "\"ended\""), other = forge.WithClaim("sid", "\"other\"");
        using HttpClient client = host.Connect();
        await WriteAsync(Denial.OfSession("ended", Later));
        (await client.StatusOfMeAsync(ended)).Should().Be(200, "no time has passed, and nobody has looked");

        host.Time.Advance(TimeSpan.FromMilliseconds(250));

        await UntilAsync(async () => await client.StatusOfMeAsync(ended) == 401);
        (await client.StatusOfMeAsync(other)).Should().Be(200);
        (await client.AskAsync("GET", "/me", null, ("Authorization", $"Bearer {ended}"))).Json.GetProperty("reason").GetString()
            .Should().Be("denied");
    }

    [Fact]
    public async Task A_service_that_starts_knows_the_whole_log_before_its_first_answer()
    {
        var forge = new Forge(host);
        string[] ended = [forge.WithClaim("sid", "\"ended\""), forge.WithClaim("jti", "\"ended\""),
            forge.WithClaims(("sub", "\"ended\""), ("gen", "3")), forge.WithClaim("sid", "\"last\"")];
        string[] alive = [forge.Live(), forge.WithClaims(("sub", "\"ended\""), ("gen", "4"))];
        string subject = $"{forge.Claims()["sub"]}";
        await WriteAsync(
        [
            Denial.OfSession("ended", Later), Denial.OfToken(subject, "ended", Later), Denial.OfSubject("ended", 4, null, Later),
            .. Enumerable.Range(0, 3000).Select(index => Denial.OfSession($"session {index}", Later)), Denial.OfSession("last", Later),
        ]);

        await using ServerHost second = NewHost();
        using HttpClient client = second.Connect();
        foreach (string token in ended)
            (await client.StatusOfMeAsync(token)).Should().Be(401);
        foreach (string token in alive)
            (await client.StatusOfMeAsync(token)).Should().Be(200);
        second.Get<DenialTail>().Denylist.Count.Should().Be(3004);
    }

    [Fact]
    public async Task The_log_is_applied_in_its_order_and_nothing_of_it_twice_however_many_write_and_read_at_once()
    {
        AccountSnapshot alice = await host.AddAccountAsync("alice");
        string[] sessions = ["s1", "s2", "s3"];
        DenialTail tail = host.Get<DenialTail>();

        await Task.WhenAll(Enumerable.Range(0, 60).Select(index => Task.Run(async () =>
        {
            // Every third comes from somewhere else, so that this process has to look for it.
            await using Db other = OtherDb();
            await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
            Db db = index % 3 == 0 ? other : scope.ServiceProvider.GetRequiredService<Db>();
            Revocations endings =
                index % 3 == 0
                    ? new Revocations(
                        other, new AuditTrail(other, host.Get<AuditChain>(), host.Get<AuditOrigins>(), host.Time), host.Time)
                    : scope.ServiceProvider.GetRequiredService<Revocations>();
            await using WriteTransaction transaction = await db.BeginWriteAsync(Urgency.Ending, alice.Subject, Extent.Of(alice.Subject));
            await endings.EndSubjectAsync(alice.Subject, index % 4 == 3 ? null : sessions[index % 4]);
            await endings.CommitAsync(transaction);
            await tail.CatchUpAsync();
        }, TestContext.Current.CancellationToken)));
        await tail.CatchUpAsync();

        List<DenialRow> log = await LogAsync();
        // What a later denial says as well is gone from the log, and the rest says what all of it said.
        log.Select(row => row.BelowGeneration).Should().BeInAscendingOrder().And.HaveCountLessThanOrEqualTo(4).And.EndWith(60);
        for (int generation = 0; generation <= 61; generation++)
        {
            foreach (string session in sessions.Append("s4"))
            {
                tail.Denylist.Denies(new TokenIdentifiers(alice.Subject, "jti", session, generation, "kid"))
                    .Should().Be(log.Exists(row => generation < row.BelowGeneration && session != row.ExceptSessionId),
                        $"generation {generation} of {session}");
            }
        }
    }

    [Fact]
    public async Task What_no_token_can_need_is_deleted_and_no_start_reads_it_again_and_keys_stay()
    {
        DateTimeOffset now = host.Time.GetUtcNow();
        _ = host.Connect();
        await WriteAsync(Denial.OfSession("brief", now.AddHours(1)), Denial.OfSubject("brief", 1, null, now.AddHours(1)),
            Denial.OfSession("lasting", now.AddHours(2)), Denial.OfKey("a key"));

        host.Time.SetClock(now.AddHours(1).AddMilliseconds(-1));
        await DeleteExpiredAsync();
        (await LogAsync()).Should().HaveCount(4);
        host.Time.SetClock(now.AddHours(1));
        await DeleteExpiredAsync();

        (await LogAsync()).Select(row => row.Name).Should().Equal("lasting", "a key");
        await using ServerHost second = NewHost();
        second.Get<DenialTail>().Denylist.Count.Should().Be(2);
        second.Time.SetClock(now.AddHours(3));
        second.Time.Advance(TimeSpan.FromMinutes(1));
        await UntilAsync(
            () => Task.FromResult(second.Get<DenialTail>().Denylist.Count == 1), "what is over is dropped from memory within a minute");
    }

    [Fact]
    public async Task A_denial_is_heard_also_when_the_last_one_before_it_was_deleted()
    {
        string ended = new Forge(host).WithClaim("sid", "\"ended\"");
        using HttpClient client = host.Connect();
        await WriteAsync(Denial.OfSession("brief", host.Time.GetUtcNow().AddHours(1)));
        await host.Get<DenialTail>().CatchUpAsync();
        host.Time.SetClock(host.Time.GetUtcNow().AddHours(1));
        await DeleteExpiredAsync();
        (await LogAsync()).Should().BeEmpty();
        ended = new Forge(host).WithClaim("sid", "\"ended\"");
        (await client.StatusOfMeAsync(ended)).Should().Be(200);

        await WriteAsync(Denial.OfSession("ended", Later));
        await host.Get<DenialTail>().CatchUpAsync();

        (await client.StatusOfMeAsync(ended)).Should().Be(401, "a number of the log is never given again");
    }

    private ServerHost NewHost()
    {
        ServerHost made = new ServerHost(directory) { Time = new ManualTime() }.With("JwtAuth:SigningKeys:Algorithm", "ES256");
        return host is null ? made : made.With("JwtAuth:Issuer", host.Issuer);
    }

    private Db OtherDb() => TestedStore.OpenAsAnother(directory);

    private async Task WriteAsync(params Denial[] denials)
    {
        await using Db db = OtherDb();
        db.Denials.AddRange(denials.Select(DenialRow.Of));
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
    }

    private async Task<List<DenialRow>> LogAsync()
    {
        await using Db db = OtherDb();
        return await db.Denials.AsNoTracking().OrderBy(row => row.Number).ToListAsync(TestContext.Current.CancellationToken);
    }

    private Task DeleteExpiredAsync() => host.Services.GetServices<IHostedService>().OfType<ExpiredRows>().Single().DeleteAsync();

    private static Task UntilAsync(Func<Task<bool>> condition, string because = "the service looks four times a second") =>
        Patience.UntilAsync(condition, because);

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        await TestedStore.LetGoAsync(directory);
        Directory.Delete(directory, recursive: true);
    }
}
