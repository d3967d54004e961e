using System.Text.Json;
using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Audit;

/// <summary><c>GET /admin/audit</c> and <c>audit export</c>.</summary>
public sealed class AdminAuditTests : IAsyncLifetime
{
    private readonly ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
    private HttpClient client = null!;
    private AccountSnapshot alice = null!;
    private string admin = "";

    public async ValueTask InitializeAsync()
    {
        client = host.Connect();
        alice = await host.AddAccountAsync("alice");
        await host.AddAccountAsync("boss", "admin");
        admin = await host.LoginAsync("boss", host.Issuer);
        for (int hour = 1; hour <= 3; hour++)
        {
            host.Time.Advance(TimeSpan.FromMinutes(1));
            await client.BeginAsync("alice");
        }
    }

    [Fact]
    public async Task Pages_follow_each_other_without_a_gap_and_filters_can_be_combined()
    {
        List<AuditRecord> all = await host.TrailAsync(client, admin);

        all.Select(record => record.Number).Should().BeInAscendingOrder().And.HaveCount(8).And.OnlyHaveUniqueItems();
        (await host.TrailAsync(client, admin, "&event=session.began")).Should().HaveCount(3);
        (await host.TrailAsync(client, admin, $"&subject={alice.Subject}")).Should().HaveCount(4);
        (await host.TrailAsync(client, admin, $"&actor={alice.Subject}&event=session.began")).Should().HaveCount(3);
        (await host.TrailAsync(client, admin, "&from=2026-03-01T12:02:00Z")).Should().HaveCount(2);
        (await host.TrailAsync(client, admin, "&from=2026-03-01T12:02:00Z&to=2026-03-01T12:02:00.001Z")).Should().HaveCount(1);
        (await host.TrailAsync(client, admin, "&to=2026-03-01T12:01:00Z&event=session.began")).Should().BeEmpty();
        (await host.TrailAsync(client, admin, "&from=2026-03-02")).Should().BeEmpty();
        (await host.TrailAsync(client, admin, "&subject=nobody")).Should().BeEmpty();
        (await host.TrailAsync(client, admin, "&event="))
            .Should().HaveCount(8, "as the other lists, it passes over what it does not know");
        Reply last = await client.AskAsAsync(admin, "GET", $"/admin/audit?after={all[^1].Number}");
        last.Body.Should().Be("{\"records\":[],\"next\":null}");
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=201")]
    [InlineData("limit=x")]
    [InlineData("after=-1")]
    [InlineData("after=x")]
    [InlineData("after=99999999999999999999")]
    [InlineData("event=login")]
    [InlineData("subject=%00")]
    [InlineData("actor=%F0%9F%A6%89")]
    [InlineData("from=yesterday")]
    [InlineData("from=2026-03-01T12:00:00")]
    [InlineData("to=2026-13-01T12:00:00Z")]
    public async Task What_cannot_be_asked_is_400_and_what_can_is_200(string query)
    {
        Reply refused = await client.AskAsAsync(admin, "GET", $"/admin/audit?{query}");

        refused.Status.Should().Be(400, refused.Body);
        refused.Code.Should().Be("invalid_request");
        (await client.AskAsAsync(admin, "GET", "/admin/audit?limit=200&after=9223372036854775807&from=0001-01-01&to=9999-12-31"))
            .Status.Should().Be(200);
    }

    [Fact]
    public async Task It_is_for_administrators_with_a_token_for_the_account()
    {
        string person = await host.LoginAsync("alice", host.Issuer), forAnApi = await host.LoginAsync("boss");

        (await client.AskAsAsync(person, "GET", "/admin/audit")).Status.Should().Be(403);
        (await client.AskAsAsync(forAnApi, "GET", "/admin/audit")).Status.Should().Be(403);
        (await client.AskAsync("GET", "/admin/audit")).Status.Should().Be(401);
        (await client.AskAsAsync(admin, "GET", "/admin/audit")).Status.Should().Be(200);
        (await client.AskAsAsync(admin, "POST", "/admin/audit")).Status.Should().Be(405, "nobody writes to it");
    }

    [Fact]
    public async Task The_export_has_the_records_as_the_list_has_them_one_on_a_line_and_is_recorded()
    {
        List<AuditRecord> all = await host.TrailAsync(client, admin);

        (int code, string output, string error) = await host.CommandAsync("audit", "export");
        string[] lines = output.TrimEnd('\n').Split('\n');

        (code, error).Should().Be((0, "exported: 8 records\n"));
        lines.Should().Equal(all.Select(record => record.Json.GetRawText()));
        AuditRecord recorded = (await host.TrailAsync(client, admin, "&event=audit.exported")).Single();
        (recorded.Actor, recorded.Count).Should().Be(("command_line", 8));
        (code, output, _) = await host.CommandAsync("audit", "export", "--from", "2026-03-01T12:01:00Z", "--to", "2026-03-01T12:03:00Z");
        output.TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement.GetProperty("event").GetString())
            .Should().Equal("session.began", "session.began");
        (code, output, error) = await host.CommandAsync("audit", "export", "--from", "yesterday");
        (code, output).Should().Be((1, ""));
        error.Should().StartWith("error: --from and --to are moments");
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await host.DisposeAsync();
    }
}
