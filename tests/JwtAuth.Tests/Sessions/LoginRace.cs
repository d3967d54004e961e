using System.Net;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Guessing;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Sessions;

/// <summary>Logins by many at once, while an administrator disables their account.</summary>
internal static class LoginRace
{
    /// <summary>A host that lets so many log in at once, each from a network of its own.</summary>
    public static ServerHost Prepare(this ServerHost host) => host.With("JwtAuth:Proxy:TrustedNetworks", "127.0.0.1")
        .With("JwtAuth:Passwords:MaxConcurrentHashes", "2").With("JwtAuth:Passwords:MaxQueueWait", "00:01:00");

    /// <summary>Eight log in as alice again and again, each until it is refused. Afterwards the account is enabled again.</summary>
    /// <param name="host">One that was prepared.</param>
    /// <param name="bodyOf">What each of the eight sends.</param>
    /// <returns>The replies to the logins that were in before the end.</returns>
    public static async Task<Reply[]> RaceDisablingAsync(this ServerHost host, Func<int, object> bodyOf)
    {
        AccountSnapshot alice = await host.AddAccountAsync("alice");
        await host.AddAccountAsync("root", "admin");
        using HttpClient racers = host.Connect(), administrator = host.Connect(await host.LoginAsync("root", host.Issuer));
        string[] addresses = [.. Enumerable.Range(1, 8).Select(number => $"192.0.2.{number}")];
        foreach (string address in addresses) // so that none is slowed down
            host.Get<GuessingLimit>().Recognize(new Guess("ALICE", IPAddress.Parse(address)), alice.Subject);

        // The first of them is in before the end.
        var begun = new TaskCompletionSource();
        Task<List<Reply>>[] logins = [.. addresses.Select(async (address, number) =>
        {
            List<Reply> own = [];
            do
            {
                own.Add(await racers.AskAsync("POST", "/auth/login", bodyOf(number), ("X-Forwarded-For", address)));
                begun.TrySetResult();
            }
            while (own[^1].Status == 200);
            return own;
        })];
        await begun.Task;
        (await administrator.AskAsync("POST", $"/admin/users/{alice.Subject}/disable")).Status.Should().Be(204);
        Reply[] replies = [.. (await Task.WhenAll(logins)).SelectMany(own => own)];

        replies.Select(reply => reply.Status)
            .Should().OnlyContain(status => status == 200 || status == 401).And.Contain([200, 401], "it was in the middle");
        (await administrator.AskAsync("POST", $"/admin/users/{alice.Subject}/enable")).Status.Should().Be(204);
        return [.. replies.Where(reply => reply.Status == 200)];
    }
}
