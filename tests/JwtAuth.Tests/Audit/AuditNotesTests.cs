using JwtAuth.Server.Audit;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Audit;

/// <summary>What is noted in the background is bounded, and waits for nobody.</summary>
public sealed class AuditNotesTests : IAsyncLifetime
{
    private readonly ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
    private readonly TestClient api;
    private HttpClient client = null!;
    private string admin = "";

    public AuditNotesTests() => api = host.AddClient("orders-api");

    public async ValueTask InitializeAsync()
    {
        client = host.Connect();
        await host.AddAccountAsync("alice");
        await host.AddAccountAsync("boss", "admin");
        admin = await host.LoginAsync("boss", host.Issuer);
    }

    [Fact]
    public async Task Of_the_same_refusal_in_a_minute_the_first_five_are_recorded_and_the_rest_is_a_number()
    {
        for (int guess = 0; guess < 40; guess++)
            (await client.RevokeAsync(api with { Secret = "wrong" }, "x")).Status.Should().BeOneOf(401, 429);
        (await RefusedAsync()).Should().HaveCount(5).And.OnlyContain(record => record.Count == 1);

        host.Time.Advance(TimeSpan.FromMinutes(1));

        (await RefusedAsync()).Sum(record => record.Count).Should().Be(40);
        (await RefusedAsync())[^1].Count.Should().Be(35);
    }

    [Fact]
    public async Task A_flood_of_refusals_does_not_hide_who_came_in()
    {
        AuditNotes notes = host.Get<AuditNotes>();
        for (int index = 0; index < 3000; index++)
            notes.Add(new(AuditEvent.ClientRefused) { Object = $"client-{index}" });
        await host.LoginAsync("alice");

        (await host.TrailAsync(client, admin, "&event=login.succeeded")).Should().HaveCount(2);
        (await RefusedAsync()).Should().HaveCount(NoteCounts.Apart + NoteCounts.First);
        host.Time.Advance(TimeSpan.FromMinutes(1));
        List<AuditRecord> all = await RefusedAsync();
        all.Sum(record => record.Count).Should().Be(3000, "each is counted");
        all[^1].Text("object").Should().BeNull("those that are too many to be told apart are counted together");
    }

    [Fact]
    public async Task While_the_store_cannot_be_written_notes_wait_and_what_is_too_much_is_counted()
    {
        AuditNotes notes = host.Get<AuditNotes>();
        for (int index = 0; index < AuditNotes.MostWaiting + 50; index++)
        {
            notes.Add(new(AuditEvent.LoginSucceeded) { Subject = $"s{index % 100}", Object = $"{index}" });
            if (index % 100 == 99)
                host.Time.Advance(TimeSpan.Zero);
        }
        await notes.WriteAsync();
        List<AuditRecord> all = await host.TrailAsync(client, admin, "&event=login.succeeded");
        all.Should().HaveCountGreaterThan(1000);

        using (var database = new DatabaseFile(host.Directory))
        {
            database.Execute("ALTER TABLE AuditRecords RENAME TO Elsewhere");
            (await client.LoginAsync("alice", ServerHost.Password)).Status.Should().Be(200, "nobody waits for a note");
            await notes.WriteAsync();
            host.Log.All.Should().ContainSingle(line => line.Contains("could not be recorded in the audit trail"));
            database.Execute("ALTER TABLE Elsewhere RENAME TO AuditRecords");
        }
        host.Time.Advance(TimeSpan.FromMinutes(1));
        (await host.TrailAsync(client, admin, "&event=login.succeeded")).Sum(record => record.Count)
            .Should().Be(AuditNotes.MostWaiting + 50 + 2);
    }

    [Fact]
    public async Task A_change_whose_record_cannot_be_written_is_not_made()
    {
        using (var database = new DatabaseFile(host.Directory))
        {
            database.Execute("ALTER TABLE AuditRecords RENAME TO Elsewhere");
            (await client.RegisterAsync("carol")).Status.Should().BeOneOf(500, 503);
            database.Execute("ALTER TABLE Elsewhere RENAME TO AuditRecords");
            database.Number("SELECT count(*) FROM AspNetUsers WHERE UserName = 'carol'").Should().Be(0);
        }
        (await client.RegisterAsync("carol")).Status.Should().Be(201);
    }

    [Fact]
    public async Task A_stopped_service_has_written_what_was_noted()
    {
        await host.LoginAsync("alice");
        await host.Get<AuditNotes>().StopAsync(TestContext.Current.CancellationToken);

        using var database = new DatabaseFile(host.Directory);
        database.Number("SELECT count(*) FROM AuditRecords WHERE Event = 'login.succeeded'").Should().Be(2);
    }

    private Task<List<AuditRecord>> RefusedAsync() => host.TrailAsync(client, admin, "&event=client.refused");

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await host.DisposeAsync();
    }
}
