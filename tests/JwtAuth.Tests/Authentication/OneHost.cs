using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Authentication;

/// <summary>A service in Development with an administrator and a user.</summary>
public sealed class OneHost : IAsyncLifetime
{
    internal ServerHost Host { get; } = new();

    /// <summary>Account bearers.</summary>
    internal string AdminToken { get; private set; } = "";

    internal string UserToken { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        await Host.AddAccountAsync("root", "admin");
        await Host.AddAccountAsync("alice");
        AdminToken = await Host.LoginAsync("root", Host.Issuer);
        UserToken = await Host.LoginAsync("alice", Host.Issuer);
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
