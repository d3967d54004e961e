using System.Net;
using JwtAuth.Server.Audit;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Passwords;

namespace JwtAuth.Server.Clients;

/// <summary>The result of checking a client's secret. Only the first of the four carries a client.</summary>
internal abstract record ClientResult
{
    private ClientResult()
    {
    }

    public sealed record Verified(Client Client) : ClientResult;

    /// <summary>Unknown id or wrong secret. The client is not told which.</summary>
    public sealed record Refused : ClientResult;

    public sealed record TooManyAttempts(TimeSpan RetryAfter) : ClientResult;

    public sealed record Busy : ClientResult;
}

/// <summary>Counts wrong secrets of clients, of all processes together.</summary>
internal sealed class WrongSecrets : FailureLimit
{
    public const string Kind = "client secret";

    public WrongSecrets(AttemptLog log, AttemptNames names, TimeProvider time) : base(names, time) => log.Follow(Kind, this);
}

/// <summary>
/// The only place that checks a client's secret. Wrong secrets slow down the network that they come from. A right one is accepted even
/// then, unless checking it costs a bcrypt.
/// </summary>
internal sealed class ClientAuthenticator(
    ClientSettings clients, HashingGate gate, WrongSecrets failures, AttemptLog attempts, AuditNotes notes,
    ILogger<ClientAuthenticator> log)
{
    private readonly PairMac macs = new();
    private readonly SharedRuns<ClientResult> runs = new();

    // Stand-ins that are compared if there is no such client, or if its own secrets are wrong but another client's would have cost a
    // bcrypt. So the work is always the same.
    private readonly ClientSecret nobody =
        ClientSecret.TryParse(ClientSecret.Make().AtRest, out ClientSecret? secret) ? secret : throw new InvalidOperationException();
    private readonly ClientSecret? slowNobody =
        clients.ById.Values.SelectMany(client => client.Secrets).FirstOrDefault(secret => secret.IsSlow);

    public async Task<ClientResult> CheckAsync(string id, string secret, IPAddress? address, CancellationToken cancellation)
    {
        Client? client = clients.ById.GetValueOrDefault(id);
        IReadOnlyList<ClientSecret> secrets = client?.Secrets ?? [nobody];
        if (secrets.Any(candidate => !candidate.IsSlow && candidate.Matches(secret)) && client is not null)
            return new ClientResult.Verified(client);

        // Calls with the same secret at the same time are one attempt, and cost one bcrypt.
        if (failures.IsPressed(address))
            await attempts.ReadAsync();
        ClientResult result = slowNobody is null
            ? await attempts.EnterAsync(failures, WrongSecrets.Kind, address) is { } longer
                ? new ClientResult.TooManyAttempts(longer) : new ClientResult.Refused()
            : await runs.RunAsync(
                macs.Of(id, new Password(secret)), Network.Of(address).Narrow, Refusal,
                abandoned => VerifySlowAsync(client, secret, address, abandoned), cancellation);
        if (result is not ClientResult.Verified)
        {
            log.ClientRefused($"{address}");
            // An identifier that no client has may be anything that somebody typed.
            notes.Add(new(AuditEvent.ClientRefused) { Actor = AuditActor.Anonymous, Object = client?.Id });
        }
        return result;

        // The attempt is counted before it is made, so that many at once cannot get past the limit.
        ClientResult? Refusal(bool begins) => (begins ? failures.Enter(address) : failures.WaitOf(address)) is { } wait
            ? new ClientResult.TooManyAttempts(wait)
            : null;
    }

    private async Task<ClientResult> VerifySlowAsync(Client? client, string secret, IPAddress? address, CancellationToken abandoned)
    {
        using IDisposable? place = await gate.EnterAsync(abandoned, address);
        ClientSecret[] slow = [.. client?.Secrets.Where(candidate => candidate.IsSlow) ?? []];
        bool isRight = place is not null && slow.DefaultIfEmpty(slowNobody!).Any(candidate => candidate.Matches(secret)) && slow.Length > 0;
        if (place is null || isRight)
            failures.Withdraw(address);
        else
            await attempts.WriteAsync(WrongSecrets.Kind, failures.NamesOf(address));
        return place is null ? new ClientResult.Busy() : isRight ? new ClientResult.Verified(client!) : new ClientResult.Refused();
    }
}
