using JwtAuth.Server.Accounts;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.RefreshTokens;

/// <summary>
/// One service for the tests of a class, which run in turn and may move its clock: an administrator, a clerk, and somebody plain.
/// </summary>
public sealed class SessionsHost : IAsyncLifetime
{
    internal ServerHost Host { get; } = new ServerHost()
        .With("JwtAuth:SigningKeys:Algorithm", "ES256")
        .With("JwtAuth:Audiences:0", "orders")
        .With("JwtAuth:Audiences:1", "shipping");

    internal AccountSnapshot Clerk { get; private set; } = null!;

    internal AccountSnapshot Plain { get; private set; } = null!;

    /// <summary>The administrator, as one who asks for a change.</summary>
    internal Caller Root { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        AccountSnapshot root = await Host.AddAccountAsync("root", "admin");
        Root = new Caller(root.Subject, root.Generation, "a login", Token: null);
        Clerk = await Host.AddAccountAsync("clerk", "clerk");
        Plain = await Host.AddAccountAsync("plain");
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
