namespace JwtAuth.Server.Observability;

/// <summary>Every line that the service itself logs, numbered. Names that people chose come in only after they were found well formed; passwords, tokens and keys never.</summary>
internal static partial class LogEvents
{
    [LoggerMessage(1, LogLevel.Information, "Account {Subject} ({Username}) registered")]
    public static partial void AccountRegistered(this ILogger log, string subject, string username);

    [LoggerMessage(2, LogLevel.Information, "Account {Subject} logged in from {Address}")]
    public static partial void LoggedIn(this ILogger log, string subject, string address);

    [LoggerMessage(3, LogLevel.Warning, "Login refused from {Address}: {Reason}")]
    public static partial void LoginRefused(this ILogger log, string address, string reason);

    [LoggerMessage(4, LogLevel.Information, "Password hash of account {Subject} renewed with the present algorithm and work factor")]
    public static partial void PasswordRehashed(this ILogger log, string subject);

    [LoggerMessage(5, LogLevel.Information, "Administrator {Administrator}: {Change} of account {Subject}")]
    public static partial void AccountAdministered(this ILogger log, string administrator, string change, string subject);

    [LoggerMessage(6, LogLevel.Information, "Key {KeyId} ({Algorithm}) signs from {SignsFrom:u}")]
    public static partial void KeySigns(this ILogger log, string keyId, string algorithm, DateTimeOffset signsFrom);

    [LoggerMessage(7, LogLevel.Information, "Key {KeyId} ({Algorithm}) retired at {RetiredAt:u}")]
    public static partial void KeyRetired(this ILogger log, string keyId, string algorithm, DateTimeOffset retiredAt);

    [LoggerMessage(8, LogLevel.Warning, "Password hash of account {Subject} could not be renewed; its next login tries again")]
    public static partial void PasswordNotRehashed(this ILogger log, Exception fault, string subject);

    [LoggerMessage(10, LogLevel.Error, "The signing keys could not be read from the database; those in memory stay in use")]
    public static partial void RingNotReached(this ILogger log, Exception fault);

    [LoggerMessage(11, LogLevel.Warning, "{Setting} has no effect in this version")]
    public static partial void SettingWithoutEffect(this ILogger log, string setting);

    [LoggerMessage(12, LogLevel.Warning, "A request came over plain http although the issuer is https; behind a proxy, name its network in JwtAuth:Proxy:TrustedNetworks")]
    public static partial void PlainHttpRefused(this ILogger log);

    [LoggerMessage(13, LogLevel.Error, "A request failed")]
    public static partial void RequestFailed(this ILogger log, Exception fault);
}
