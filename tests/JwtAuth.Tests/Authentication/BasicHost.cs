using System.Text;
using JwtAuth.Server.Guessing;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Authentication;

/// <summary>
/// A service with one place at bcrypt and nobody waiting: while it is held, what needs bcrypt is answered 503,
/// and what is not does not need it.
/// </summary>
public sealed class BasicHost : IAsyncLifetime
{
    internal ServerHost Host { get; } = Made();

    internal static ServerHost Made() => Of(new ServerHost());

    internal static ServerHost Of(ServerHost host) =>
        host.With("JwtAuth:Passwords:MaxConcurrentHashes", "1").With("JwtAuth:Passwords:QueueLimit", "0");

    public async ValueTask InitializeAsync()
    {
        await Host.AddAccountAsync("root", "admin");
        await Host.AddAccountAsync("alice");
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}

internal static class BasicRequests
{
    public static async Task<IDisposable> HoldHashingAsync(this ServerHost host) =>
        (await host.Get<HashingGate>().EnterAsync(TestContext.Current.CancellationToken))!;

    /// <summary>An <c>Authorization</c> header as RFC 7617 has it.</summary>
    public static string Basic(string username, string password) =>
        "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{username}:{password}"));

    public static Task<Reply> MeByBasicAsync(
        this HttpClient client, string username, string password = ServerHost.Password, params (string Name, string Value)[] headers) =>
        client.AskAsync("GET", "/me", null, [("Authorization", Basic(username, password)), .. headers]);

    public static Task<Reply> MeWithAsync(this HttpClient client, string authorization) =>
        client.AskAsync("GET", "/me", null, ("Authorization", authorization));
}
