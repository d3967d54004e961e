using System.Net;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Passwords;

namespace JwtAuth.Server.Clients;

/// <summary>How a client's secret was received: one of four, and only the first carries a client.</summary>
internal abstract record ClientResult
{
    private ClientResult()
    {
    }

    public sealed record Verified(Client Client) : ClientResult;

    /// <summary>Unknown id or wrong secret: nobody is told which.</summary>
    public sealed record Refused : ClientResult;

    public sealed record TooManyAttempts(TimeSpan RetryAfter) : ClientResult;

    public sealed record Busy : ClientResult;
}

/// <summary>
/// The one way in for a client and its secret. Wrong secrets slow down the network that they come from; a right one is taken all the same, unless it
/// costs a bcrypt.
/// </summary>
internal sealed class ClientDoor(ClientSettings clients, HashingGate gate, TimeProvider time, ILogger<ClientDoor> log)
{
    private readonly Lock guard = new();
    private readonly AttemptBuckets failures = new(time, free: 30, forgetOneEvery: TimeSpan.FromSeconds(6), longestDelay: TimeSpan.FromMinutes(1), capacity: 10_000);

    // Compared where there is no such client, so that the work is the same.
    private readonly IReadOnlyList<ClientSecret> nobody =
        clients.ById.Values.SelectMany(client => client.Secrets).FirstOrDefault(secret => secret.IsSlow) is { } slow ? [slow] : [Unknown()];

    public async Task<ClientResult> CheckAsync(string id, string secret, IPAddress? address, CancellationToken cancellation)
    {
        string network = Network.Of(address);
        Client? client = clients.ById.GetValueOrDefault(id);
        IReadOnlyList<ClientSecret> secrets = client?.Secrets ?? nobody;

        bool isRight, isSlow = secrets.Any(candidate => candidate.IsSlow);
        if (isSlow)
        {
            // Taken before it is made, so that many at once cannot outrun the limit.
            if (Enter(network) is { } wait)
                return new ClientResult.TooManyAttempts(wait);
            using IDisposable? place = await gate.EnterAsync(cancellation, address);
            isRight = place is not null && secrets.Any(candidate => candidate.Matches(secret));
            if (place is null || isRight)
                Withdraw(network);
            if (place is null)
                return new ClientResult.Busy();
        }
        else
        {
            isRight = secrets.Any(candidate => candidate.Matches(secret));
        }

        if (isRight && client is not null)
            return new ClientResult.Verified(client);
        log.ClientRefused($"{address}");
        return !isSlow && Enter(network) is { } delay ? new ClientResult.TooManyAttempts(delay) : new ClientResult.Refused();
    }

    private TimeSpan? Enter(string network)
    {
        lock (guard)
        {
            if (failures.WaitOf(network) is var wait && wait > TimeSpan.Zero)
                return wait;
            failures.Add(network);
            return null;
        }
    }

    private void Withdraw(string network)
    {
        lock (guard)
            failures.TakeBack(network);
    }

    private static ClientSecret Unknown() => ClientSecret.TryParse(ClientSecret.Make().AtRest, out ClientSecret? secret) ? secret : throw new InvalidOperationException();
}
