using JwtAuth.Server.Audit;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Audit;

/// <summary>Records go when they are old, and only then.</summary>
public sealed class AuditPruningTests : IAsyncLifetime
{
    private readonly ServerHost host = new ServerHost()
        .With("JwtAuth:SigningKeys:Algorithm", "ES256").With("JwtAuth:SigningKeys:RotateEvery", "3650")
        .With("JwtAuth:Audit:RetentionDays", "30");

    // Of the key and of eleven accounts: the first seven are old.
    public async ValueTask InitializeAsync()
    {
        _ = host.Get<AuditPruning>();
        for (int account = 0; account < 6; account++)
            await host.AddAccountAsync($"old-{account}");
        host.Time.SetClock(host.Time.GetUtcNow().AddDays(20));
        for (int account = 0; account < 5; account++)
            await host.AddAccountAsync($"new-{account}");
    }

    [Fact]
    public async Task What_is_old_is_deleted_from_the_front_and_the_rest_is_whole()
    {
        (await PruneAsync(days: 9)).Should().Be(0, "nothing is older than it is kept");
        (await PruneAsync(days: 2)).Should().Be(7);
        (await PruneAsync(days: 0)).Should().Be(0);

        (int code, string output, string error) = await host.CommandAsync("audit", "verify");
        code.Should().Be(0, error);
        output.Should().Contain("records up to 7 were deleted by age").And.Contain("6 records, 8 to 13");
        await host.AddAccountAsync("later");
        (await host.CommandAsync("audit", "verify")).Output.Should().Contain("7 records, 8 to 14");
    }

    [Fact]
    public async Task A_cut_in_front_is_told_from_it()
    {
        await PruneAsync(days: 11);
        Execute("DELETE FROM AuditRecords WHERE Number = 8");

        (int code, _, string error) = await host.CommandAsync("audit", "verify");

        code.Should().Be(1);
        error.Should().Contain("record 8 is missing in front");
    }

    [Fact]
    public async Task A_head_that_was_deleted_by_age_is_told_and_is_no_fault()
    {
        string[] heads = [.. ((long[])[3, 7, 9]).Select(HeadOf)];
        await PruneAsync(days: 11);

        (await VerifyAsync(heads[0])).Should().Match<(int Code, string Output)>(
            run => run.Code == 0 && run.Output.Contains("record 3, whose head was given, was deleted by age"));
        (await VerifyAsync(heads[1])).Code.Should().Be(0, "the checkpoint has it");
        (await VerifyAsync(heads[2])).Code.Should().Be(0);
        (await VerifyAsync(heads[2].Replace("9:", "7:", StringComparison.Ordinal))).Code.Should().Be(1);
    }

    [Fact]
    public async Task The_last_record_stays_however_old_it_is_and_numbers_go_on()
    {
        (await PruneAsync(days: 1000)).Should().Be(11);
        (await PruneAsync(days: 1000)).Should().Be(1, "the one that told of the first");

        await host.AddAccountAsync("later");
        (await host.CommandAsync("audit", "verify")).Output.Should().Contain("3 records, 13 to 15");
    }

    [Fact]
    public async Task What_was_changed_is_evidence_and_is_not_deleted()
    {
        Execute("UPDATE AuditRecords SET Subject = 'somebody-else' WHERE Number = 3");

        (await PruneAsync(days: 11)).Should().Be(0);

        host.Log.All.Should().ContainSingle(line => line.Contains("records 1 to 7 of the audit trail are old and are not deleted"));
        (await host.CommandAsync("audit", "verify")).Error.Should().Contain("record 3 was changed");
    }

    [Fact]
    public async Task An_older_checkpoint_that_is_put_back_shows_what_is_missing()
    {
        await PruneAsync(days: 11);
        using var database = new DatabaseFile(host.Directory);
        database.Execute("UPDATE AuditCheckpoints SET Number = 5");

        (int code, _, string error) = await host.CommandAsync("audit", "verify");

        code.Should().Be(1);
        error.Should().Contain("the checkpoint").And.Contain("records 1 to 7 are missing in front");
    }

    private async Task<long> PruneAsync(int days)
    {
        host.Time.SetClock(host.Time.GetUtcNow().AddDays(days));
        return await host.Get<AuditPruning>().PruneAsync(TestContext.Current.CancellationToken);
    }

    private async Task<(int Code, string Output)> VerifyAsync(string head)
    {
        (int code, string output, _) = await host.CommandAsync("audit", "verify", "--head", head);
        return (code, output);
    }

    private string HeadOf(long number)
    {
        foreach ((string table, object[] values) in TestedStore.RowsOf(host.Directory))
        {
            if (table == "AuditRecords" && Array.Exists(values, value => value is long found && found == number && values[0].Equals(found)))
                return $"{number}:{System.Buffers.Text.Base64Url.EncodeToString(values.OfType<byte[]>().Single())}";
        }
        throw new InvalidOperationException($"there is no record {number}");
    }

    private void Execute(string statement)
    {
        using var database = new DatabaseFile(host.Directory);
        database.Execute(statement);
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
