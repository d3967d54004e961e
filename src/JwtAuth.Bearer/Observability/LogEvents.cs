using Microsoft.Extensions.Logging;

namespace JwtAuth.Bearer.Observability;

/// <summary>
/// Every line that the package logs. <c>docs/events.md</c> lists them with those of the service, which has the package in it: a number is
/// one event in both, and is never used again.
/// </summary>
internal static partial class LogEvents
{
    [LoggerMessage(201, LogLevel.Error, "The issuer's keys could not be read ({Fault}); those that are known stay in use")]
    public static partial void KeysNotRead(this ILogger log, string fault);

    [LoggerMessage(202, LogLevel.Information, "The issuer's keys are read again")]
    public static partial void KeysReadAgain(this ILogger log);

    [LoggerMessage(203, LogLevel.Error, "The feed of denials is not heard ({Fault}); without "
        + "it no token is accepted for longer than MaximumSilence, unless AcceptWhileSilent says otherwise")]
    public static partial void FeedNotHeard(this ILogger log, string fault);

    [LoggerMessage(204, LogLevel.Information, "The feed of denials is heard again")]
    public static partial void FeedHeardAgain(this ILogger log);

    [LoggerMessage(205, LogLevel.Warning, "The issuer keeps no denylist: an access token that was ended is accepted until it expires")]
    public static partial void NoDenylistIsKept(this ILogger log);

    [LoggerMessage(206, LogLevel.Warning, "JwtAuth:Denials is None: an access token that was ended is accepted until it expires")]
    public static partial void DenialsAreNotHeard(this ILogger log);

    [LoggerMessage(209, LogLevel.Error, "SECURITY: the issuer's audit trail was cut or written anew: {What}, and no restored backup was "
        + "announced. Somebody may hide what was done there; run audit verify at the issuer")]
    public static partial void TrailWasCut(this ILogger log, string what);

    [LoggerMessage(210, LogLevel.Warning, "The issuer has begun another history, as after a restored backup: its audit trail goes on "
        + "behind record {Number}")]
    public static partial void TrailBeganAnew(this ILogger log, long number);

    [LoggerMessage(208, LogLevel.Warning, "The issuer signs with a shared secret, as {KeyId}, "
        + "that is not among JwtAuth:SharedSecrets: its tokens are refused")]
    public static partial void SharedSecretMissing(this ILogger log, string keyId);

    [LoggerMessage(
        207, LogLevel.Warning, "AcceptWhileSilent: while the feed of denials is silent, tokens that were ended meanwhile are accepted")]
    public static partial void AcceptsWhileSilent(this ILogger log);
}
