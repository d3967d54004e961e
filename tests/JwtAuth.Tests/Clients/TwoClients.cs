using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Clients;

/// <summary>A service with two APIs and clients of both, one of which may only introspect and one only revoke.</summary>
public sealed class TwoClients : IAsyncLifetime
{
    public TwoClients()
    {
        Host.With("JwtAuth:SigningKeys:Algorithm", "ES256").With("JwtAuth:Audiences:1", "billing");
        Orders = Host.AddClient("orders-api");
        Billing = Host.AddClient("billing-api", "billing");
        Both = Host.AddClient("both", "orders billing");
        Reader = Host.AddClient("reader", may: "introspect");
        Revoker = Host.AddClient("revoker", may: "revoke denials");
    }

    internal ServerHost Host { get; } = new();

    internal TestClient Orders { get; }

    internal TestClient Billing { get; }

    internal TestClient Both { get; }

    internal TestClient Reader { get; }

    internal TestClient Revoker { get; }

    /// <summary>Logs in and returns an access token and a refresh token.</summary>
    internal async Task<(string Access, string Refresh)> LoginAsync(string username, string audience = "orders")
    {
        using HttpClient client = Host.Connect();
        Reply reply = await client.AskAsync(
            "POST", "/auth/login", new { username, password = ServerHost.Password, audience, scope = "offline_access orders:read" });
        reply.Status.Should().Be(200);
        return (reply.Json.GetProperty("access_token").GetString()!, reply.Json.GetProperty("refresh_token").GetString()!);
    }

    /// <summary>Refreshes; null where the refresh token is not good any more.</summary>
    internal async Task<(string Access, string Refresh)?> RefreshAsync(string refresh)
    {
        using HttpClient client = Host.Connect();
        Reply reply = await client.AskAsync("POST", "/auth/refresh", new { refresh_token = refresh });
        reply.Status.Should().BeOneOf(200, 400);
        return reply.Status == 400
            ? null
            : (reply.Json.GetProperty("access_token").GetString()!, reply.Json.GetProperty("refresh_token").GetString()!);
    }

    public async ValueTask InitializeAsync() => await Host.AddAccountAsync("alice", "clerk");

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
