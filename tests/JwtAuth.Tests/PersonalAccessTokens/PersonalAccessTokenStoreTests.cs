using System.Text;
using System.Text.Json;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Composition;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Tests.Denials;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace JwtAuth.Tests.PersonalAccessTokens;

public sealed class PersonalAccessTokenStoreTests : IAsyncLifetime
{
    private readonly ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
    private readonly TestClient shop;
    private HttpClient client = null!;
    private AccountSnapshot account = null!;
    private string bearer = "";

    public PersonalAccessTokenStoreTests()
    {
        host.With("JwtAuth:Storage:ConnectionString", TestedStore.ConnectionString(host.Directory, seconds: 1));
        shop = host.AddClient("shop");
    }

    public async ValueTask InitializeAsync()
    {
        account = await host.AddAccountAsync("alice");
        client = host.Connect();
        bearer = await host.LoginAsync("alice", host.Issuer);
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await host.DisposeAsync();
    }

    [Fact, Trait("row", "PAT-03")]
    public async Task The_token_is_neither_in_the_bytes_of_the_database_nor_in_any_line_of_the_log()
    {
        MadeToken token = await client.MakeAsync(bearer);
        await client.LivesAsync(token.Token);
        await client.IntrospectAsync(shop, token.Token);
        await client.AskAsAsync(token.Token, "GET", "/auth/tokens");
        await client.MeAsync(token.Token + "x");
        await client.AskAsAsync(bearer, "POST", "/auth/revoke", new { token = token.Token });
        MadeToken living = await client.MakeAsync(bearer);
        await client.ChangedAsync(living.Token);

        byte[] stored = TestedStore.BytesOf(host.Directory);
        foreach (string secret in (string[])[token.Token, living.Token])
        {
            foreach (string part in (string[])[secret, secret[5..], secret[5..35], Convert.ToBase64String(Encoding.ASCII.GetBytes(secret))])
            {
                Holds(stored, Encoding.ASCII.GetBytes(part)).Should().BeFalse();
                host.Log.All.Should().NotContain(line => line.Contains(part, StringComparison.Ordinal));
            }
        }
        Holds(stored, new PersonalAccessToken(living.Token).Hash()).Should().BeTrue("its hash is there, and so the search can find");
        host.Lines(living.Id, account.Subject, "made").Should().Be(1, "its name is told");
        host.Lines(living.Id, account.Subject, "changed into an access token").Should().Be(1);
    }

    [Fact, Trait("row", "PAT-04")]
    public async Task Deleted_at_one_node_it_is_dead_at_the_other_at_once()
    {
        await using ServerHost other = new ServerHost(host.Directory) { Issuer = host.Issuer }
            .With("JwtAuth:SigningKeys:Algorithm", "ES256");
        using HttpClient there = other.Connect();
        MadeToken token = await client.MakeAsync(bearer), twin = await client.MakeAsync(bearer);
        (await there.LivesAsync(token.Token)).Should().BeTrue();

        (await client.AskAsAsync(bearer, "DELETE", $"/auth/tokens/{token.Id}")).Status.Should().Be(204);

        (await there.LivesAsync(token.Token)).Should().BeFalse();
        (await client.LivesAsync(token.Token)).Should().BeFalse();
        (await there.LivesAsync(twin.Token)).Should().BeTrue();
    }

    [Fact]
    public async Task The_last_use_is_told_give_or_take_a_minute()
    {
        MadeToken token = await client.MakeAsync(bearer);
        DateTimeOffset start = host.Time.GetUtcNow();
        (await LastUsedAsync()).Should().BeNull();

        (await client.MeAsync(token.Token)).Should().Be(200);
        (await LastUsedAsync()).Should().Be(start);
        host.Time.Advance(TimeSpan.FromSeconds(59));
        (await client.MeAsync(token.Token)).Should().Be(200);
        (await LastUsedAsync()).Should().Be(start, "it is written once a minute");
        host.Time.Advance(TimeSpan.FromSeconds(1));
        await client.ChangedAsync(token.Token);
        (await LastUsedAsync()).Should().Be(start.AddMinutes(1));
        host.Time.Advance(TimeSpan.FromMinutes(1));
        (await client.IsActiveAsync(shop, token.Token)).Should().BeTrue();
        (await LastUsedAsync()).Should().Be(start.AddMinutes(2), "an API that asks about it was sent it");
        host.Time.SetClock(start);
        (await client.MeAsync(token.Token)).Should().Be(200);
        (await LastUsedAsync()).Should().Be(start, "also where the clock was set back");
    }

    [Fact]
    public async Task A_store_that_another_process_writes_to_hinders_no_use()
    {
        MadeToken token = await client.MakeAsync(bearer);
        using var other = new DatabaseFile(host.Directory);
        other.Execute("BEGIN IMMEDIATE");

        (await client.MeAsync(token.Token)).Should().Be(200);
        (await LastUsedAsync()).Should().BeNull();
        host.Lines("could not be written down", token.Id).Should().Be(1);

        other.Execute("ROLLBACK");
        (await client.MeAsync(token.Token)).Should().Be(200);
        (await LastUsedAsync()).Should().Be(host.Time.GetUtcNow());
    }

    [Fact]
    public async Task An_expired_one_is_dead_at_once_is_in_no_list_and_its_row_goes_later()
    {
        MadeToken brief = await client.MakeAsync(bearer, days: 1), twin = await client.MakeAsync(bearer, days: 2);
        host.Time.Advance(TimeSpan.FromDays(1) - TimeSpan.FromSeconds(1));
        (await client.LivesAsync(brief.Token)).Should().BeTrue();

        host.Time.Advance(TimeSpan.FromSeconds(1));

        bearer = await host.LoginAsync("alice", host.Issuer);
        (await client.LivesAsync(brief.Token)).Should().BeFalse();
        (await client.AskAsAsync(bearer, "DELETE", $"/auth/tokens/{brief.Id}")).Status.Should().Be(404);
        (await client.AskAsAsync(bearer, "GET", "/auth/tokens")).Body.Should().NotContain(brief.Id).And.Contain(twin.Id);
        await DeleteExpiredAsync();
        Rows().Should().Be(2, "a clock may step back");
        host.Time.Advance(TimeSpan.FromHours(4));
        await DeleteExpiredAsync();
        Rows().Should().Be(1);
        (await client.LivesAsync(twin.Token)).Should().BeTrue();
    }

    private async Task<DateTimeOffset?> LastUsedAsync()
    {
        JsonElement only = (await client.AskAsAsync(bearer, "GET", "/auth/tokens")).Json.GetProperty("tokens")
            .EnumerateArray().Single().GetProperty("last_used_at");
        return only.ValueKind == JsonValueKind.Null ? null : only.GetDateTimeOffset();
    }

    private Task DeleteExpiredAsync() => host.Services.GetServices<IHostedService>().OfType<ExpiredRows>().Single().DeleteAsync();

    private long Rows()
    {
        using var database = new DatabaseFile(host.Directory);
        return database.Number("SELECT count(*) FROM PersonalAccessTokens");
    }

    private static bool Holds(byte[] stored, byte[] secret) => stored.AsSpan().IndexOf(secret) >= 0;
}
