using Microsoft.Extensions.Logging;

namespace JwtAuth.Bearer.Observability;

/// <summary>Every line that the package logs.</summary>
internal static partial class LogEvents
{
    [LoggerMessage(1, LogLevel.Error, "The issuer's keys could not be read ({Fault}); those that are known stay in use")]
    public static partial void KeysNotRead(this ILogger log, string fault);

    [LoggerMessage(2, LogLevel.Information, "The issuer's keys are read again")]
    public static partial void KeysReadAgain(this ILogger log);

    [LoggerMessage(3, LogLevel.Error, "The feed of denials is not heard ({Fault}); without "
        + "it no token is accepted for longer than MaximumSilence, unless AcceptWhileSilent says otherwise")]
    public static partial void FeedNotHeard(this ILogger log, string fault);

    [LoggerMessage(4, LogLevel.Information, "The feed of denials is heard again")]
    public static partial void FeedHeardAgain(this ILogger log);

    [LoggerMessage(5, LogLevel.Warning, "The issuer keeps no denylist: an access token that was ended is accepted until it expires")]
    public static partial void NoDenylistIsKept(this ILogger log);

    [LoggerMessage(6, LogLevel.Warning, "JwtAuth:Denials is None: an access token that was ended is accepted until it expires")]
    public static partial void DenialsAreNotHeard(this ILogger log);

    [LoggerMessage(20, LogLevel.Error, "SECURITY: the issuer's audit trail was cut or written anew: {What}, and no restored backup was "
        + "announced. Somebody may hide what was done there; run audit verify at the issuer")]
    public static partial void TrailWasCut(this ILogger log, string what);

    [LoggerMessage(21, LogLevel.Warning, "The issuer has begun another history, as after a restored backup: its audit trail goes on "
        + "behind record {Number}")]
    public static partial void TrailBeganAnew(this ILogger log, long number);

    [LoggerMessage(8, LogLevel.Warning, "The issuer signs with a shared secret, as {KeyId}, "
        + "that is not among JwtAuth:SharedSecrets: its tokens are refused")]
    public static partial void SharedSecretMissing(this ILogger log, string keyId);

    [LoggerMessage(
        7, LogLevel.Warning, "AcceptWhileSilent: while the feed of denials is silent, tokens that were ended meanwhile are accepted")]
    public static partial void AcceptsWhileSilent(this ILogger log);
}
