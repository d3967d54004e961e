using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Revocation;

public sealed class LiveUntilTests
{
    [Theory, Trait("row", "REV-05")]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_logout_tells_the_latest_expiry_of_the_sessions_access_tokens_also_after_the_clock_stepped_back(
        int hoursAheadAtLogin)
    {
        await using ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
        AccountSnapshot account = await host.AddAccountAsync("alice");
        DateTimeOffset start = host.Time.GetUtcNow();
        host.Time.SetClock(start.AddHours(hoursAheadAtLogin));
        LoginTokens first = await host.BeginAsync(account);
        host.Time.SetClock(start.AddMinutes(1));
        using HttpClient client = host.Connect();
        Reply refreshed = await client.AskAsync("POST", "/auth/refresh", new { refresh_token = first.RefreshToken });
        using HttpClient last = host.Connect(refreshed.Json.GetProperty("access_token").GetString());
        DateTimeOffset lastExpiresAt = (await last.AskAsync("GET", "/me")).Json.GetProperty("expires_at").GetDateTimeOffset();

        Reply reply = await last.AskAsync("POST", "/auth/logout");

        DateTimeOffset latest = first.ExpiresAt > lastExpiresAt ? first.ExpiresAt : lastExpiresAt;
        reply.Json.GetProperty("live_until").GetDateTimeOffset().Should().Be(latest);
        reply.Json.GetProperty("access_token").GetString().Should().Be("denied");
    }
}
