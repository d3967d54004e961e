using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Audit;

/// <summary>The command <c>audit verify</c>, and whoever can write the database.</summary>
public sealed class AuditVerifyTests : IAsyncLifetime
{
    private readonly ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
    private List<AuditRecord> trail = [];

    public async ValueTask InitializeAsync()
    {
        using HttpClient client = host.Connect();
        await host.AddAccountAsync("boss", "admin");
        string admin = await host.LoginAsync("boss", host.Issuer);
        for (int account = 0; account < 6; account++)
            await host.AddAccountAsync($"user-{account}");
        trail = await host.TrailAsync(client, admin);
        trail.Should().HaveCount(10);
    }

    [Fact]
    public async Task A_whole_trail_is_found_whole_also_against_each_head_that_it_had()
    {
        (int code, string output, string error) = await host.CommandAsync("audit", "verify");
        code.Should().Be(0, error);
        output.Should().Be($"the audit trail is whole: 10 records, 1 to 10\nhead: {trail[^1].Head}\n");
        error.Should().Contain("AuditRecords").And.Contain("10/10");

        foreach (AuditRecord record in (AuditRecord[])[trail[0], trail[4], trail[^1]])
            (await VerifyAsync(record.Head)).Code.Should().Be(0);
        foreach (string wrong in (string[])["", "10", "10:", "x:y", $"10:{trail[0].Text("mac")}x", $"-1:{trail[0].Text("mac")}"])
            (await VerifyAsync(wrong)).Error.Should().Contain("--head is NUMBER:HASH", wrong);
    }

    [Theory]
    [InlineData("UPDATE AuditRecords SET Subject = 'somebody-else' WHERE Number = 4", "record 4 was changed, or was not written")]
    [InlineData("UPDATE AuditRecords SET Actor = NULL WHERE Number = 10", "record 10 was changed, or was not written")]
    [InlineData("UPDATE AuditRecords SET At = At + 1 WHERE Number = 1", "record 1 was changed, or was not written")]
    [InlineData("UPDATE AuditRecords SET Mac = x'00' WHERE Number = 4", "record 4 was changed, or was not written")]
    [InlineData("UPDATE AuditRecords SET Outcome = 'refused', Detail = NULL WHERE Number = 5", "record 5 was changed")]
    [InlineData("DELETE FROM AuditRecords WHERE Number = 4", "record 4 is missing")]
    [InlineData("DELETE FROM AuditRecords WHERE Number IN (4, 5, 6)", "records 4 to 6 are missing")]
    [InlineData("DELETE FROM AuditRecords WHERE Number <= 2", "records 1 to 2 are missing in front")]
    public async Task What_was_changed_or_taken_out_is_named(string statement, string fault)
    {
        Execute(statement);

        (int code, string output, string error) = await host.CommandAsync("audit", "verify");

        (code, output).Should().Be((1, ""));
        error.Should().Contain($"error: {fault}").And.Contain("the audit trail is not whole");
    }

    [Fact]
    public async Task Records_that_changed_places_are_named_with_the_numbers_that_they_had()
    {
        foreach ((int to, int from) in ((int, int)[])[(-1, 4), (4, 8), (8, -1)])
            Execute($"UPDATE AuditRecords SET Number = {to} WHERE Number = {from}");

        (int code, _, string error) = await host.CommandAsync("audit", "verify");

        code.Should().Be(1);
        error.Should().Contain("record 4 is the one that was written as 8").And.Contain("record 8 is the one that was written as 4");
    }

    [Theory]
    [InlineData(10, "record 11 was changed, or was not written by this service")]
    [InlineData(3, "record 5 is the one that was written as 4")]
    public async Task A_record_that_was_put_in_is_found_at_the_end_and_between_others(int after, string fault)
    {
        Execute($"UPDATE AuditRecords SET Number = Number + 1000 WHERE Number > {after}");
        Execute($"UPDATE AuditRecords SET Number = Number - 999 WHERE Number > 1000");
        Execute($"INSERT INTO AuditRecords SELECT {after + 1}, At, Event, ActorKind, Actor, Subject, Object, Outcome, Detail, Count, "
            + "Address, RequestId, Mac FROM AuditRecords WHERE Number = 2");

        (int code, _, string error) = await host.CommandAsync("audit", "verify");

        code.Should().Be(1);
        error.Should().Contain($"record {after + 1} was changed, or was not written").And.Contain(fault);
    }

    [Fact]
    public async Task A_record_that_was_taken_out_is_found_also_where_those_behind_it_were_given_its_number()
    {
        Execute("DELETE FROM AuditRecords WHERE Number = 4");
        Execute("UPDATE AuditRecords SET Number = Number + 1000 WHERE Number > 4");
        Execute("UPDATE AuditRecords SET Number = Number - 1001 WHERE Number > 1000");

        (int code, _, string error) = await host.CommandAsync("audit", "verify");

        code.Should().Be(1);
        error.Should().Contain("record 5 is the one that was written as 6");
    }

    [Fact]
    public async Task What_was_cut_at_the_end_is_found_by_a_head_that_was_kept_and_not_without()
    {
        Execute("DELETE FROM AuditRecords WHERE Number > 8");

        (await host.CommandAsync("audit", "verify")).Code.Should().Be(0, "the rest is whole: nobody can tell from it");
        (await VerifyAsync(trail[7].Head)).Code.Should().Be(0);
        (int code, _, string error) = await VerifyAsync(trail[^1].Head);
        code.Should().Be(1);
        error.Should().Contain("record 10, whose head was given, is not there: the trail was cut at the end, and its last record is 8");

        for (int account = 10; account < 14; account++)
            await host.AddAccountAsync($"user-{account}");
        (await host.CommandAsync("audit", "verify")).Code.Should().Be(0);
        (code, _, error) = await VerifyAsync(trail[^1].Head);
        code.Should().Be(1);
        error.Should().Contain("record 10 is not the one whose head was given");
    }

    [Fact]
    public async Task A_checkpoint_that_somebody_else_wrote_does_not_hide_what_was_cut_in_front()
    {
        Execute("INSERT INTO AuditCheckpoints SELECT 1, Number, Mac, At, Mac FROM AuditRecords WHERE Number = 3");
        Execute("DELETE FROM AuditRecords WHERE Number <= 3");

        (int code, _, string error) = await host.CommandAsync("audit", "verify");

        code.Should().Be(1);
        error.Should().Contain("the checkpoint").And.Contain("records 1 to 3 are missing in front");
    }

    [Fact]
    public async Task An_empty_trail_is_cut_against_any_head_and_goes_on_from_the_beginning()
    {
        Execute("DELETE FROM AuditRecords");

        (await VerifyAsync(trail[0].Head)).Error.Should().Contain("its last record is 0");
        await host.AddAccountAsync("late");
        (await host.CommandAsync("audit", "verify")).Output.Should().Contain("1 records, 1 to 1");
    }

    [Fact]
    public async Task A_great_many_records_are_walked_in_pages()
    {
        using HttpClient client = host.Connect();
        Server.Audit.AuditNotes notes = host.Get<Server.Audit.AuditNotes>();
        for (int index = 0; index < 2500; index++)
            notes.Add(new(Server.Audit.AuditEvent.LoginSucceeded) { Subject = $"subject-{index % 500}", Object = $"{index}" });
        await notes.WriteAsync();
        host.Time.Advance(TimeSpan.FromMinutes(1));
        await notes.WriteAsync();

        (int code, string output, string error) = await host.CommandAsync("audit", "verify");

        code.Should().Be(0, error);
        output.Should().MatchRegex("whole: 1[0-9]{3} records");
        Execute("DELETE FROM AuditRecords WHERE Number = 1005");
        (await host.CommandAsync("audit", "verify")).Error.Should().Contain("error: record 1005 is missing\n");
    }

    private Task<(int Code, string Output, string Error)> VerifyAsync(string head) =>
        host.CommandAsync("audit", "verify", "--head", head);

    private void Execute(string statement)
    {
        using var database = new DatabaseFile(host.Directory);
        database.Execute(statement);
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
