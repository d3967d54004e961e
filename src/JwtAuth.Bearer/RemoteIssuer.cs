using JwtAuth.Bearer.Denials;
using JwtAuth.Bearer.Keys;
using JwtAuth.Bearer.Observability;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace JwtAuth.Bearer;

/// <summary>What an API reads from its issuer for as long as the host runs: the keys, and the denials if it wants them.</summary>
internal sealed class RemoteIssuer : BackgroundService
{
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(250);

    private readonly Backchannel backchannel;
    private readonly JwtAuthBearerOptions options;
    private readonly ILogger log;

    public RemoteIssuer(JwtAuthBearerOptions options, TimeProvider time, ILogger<RemoteIssuer> log)
    {
        (this.options, this.log) = (options, log);
        backchannel = new Backchannel(options, time);
        bool hearsDenials = options.Denials == DenialsFrom.Feed;
        Keys = new PublishedKeys(backchannel.FetchKeysAsync, options.SharedSecretBytes, secretsAreAnnounced: hearsDenials, time, log);
        Feed = hearsDenials ? new DenialFeed(ReadDenialsAsync, Keys, options.MaximumSilence, time, log) : null;
    }

    public PublishedKeys Keys { get; }

    /// <summary><see langword="null"/> if denials are not read.</summary>
    public DenialFeed? Feed { get; }

    // Once a set that was announced is there, the issuer is told at once.
    private Task<DenialPage> ReadDenialsAsync(string? cursor, TimeSpan wait, CancellationToken stopping) => backchannel.ReadDenialsAsync(
        cursor, Keys.IsBehind && wait > ShortestWait ? ShortestWait : wait, Keys.Held, stopping);

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (Feed is null)
            log.DenialsAreNotHeard();
        else if (options.AcceptWhileSilent)
            log.AcceptsWhileSilent();
        return Task.WhenAll(Keys.RunAsync(stoppingToken), Feed?.RunAsync(stoppingToken) ?? Task.CompletedTask);
    }

    public override void Dispose()
    {
        base.Dispose();
        backchannel.Dispose();
    }
}
