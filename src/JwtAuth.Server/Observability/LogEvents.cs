
namespace JwtAuth.Server.Observability;

/// <summary>
/// Every line that the service itself logs. <c>docs/events.md</c> lists them, and a number is never used again. A name that people chose is
/// logged only after it was found well formed. Passwords, tokens and keys are never logged. A line that anybody can cause at will has a
/// name that ends in Refused: <see cref="RefusalLog"/> counts it, so that it cannot fill the log.
/// </summary>
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

    [LoggerMessage(6, LogLevel.Information, "Key {KeyId} ({Algorithm}) signs from {SignsFrom}")]
    public static partial void KeySigns(this ILogger log, string keyId, string algorithm, string signsFrom);

    [LoggerMessage(7, LogLevel.Information, "Key {KeyId} ({Algorithm}) retired at {RetiredAt}")]
    public static partial void KeyRetired(this ILogger log, string keyId, string algorithm, string retiredAt);

    [LoggerMessage(8, LogLevel.Warning, "Password hash of account {Subject} could not be renewed; its next login tries again")]
    public static partial void PasswordNotRehashed(this ILogger log, Exception fault, string subject);

    [LoggerMessage(9, LogLevel.Warning, "The password hash of account {Subject} is malformed: no password is right; set a new one")]
    public static partial void PasswordHashMalformed(this ILogger log, string subject);

    [LoggerMessage(10, LogLevel.Error, "The signing keys could not be read from the database; those in memory stay in use")]
    public static partial void RingNotReached(this ILogger log, Exception fault);

    [LoggerMessage(11, LogLevel.Warning, "{Setting} is a setting of an API and has no effect here")]
    public static partial void SettingWithoutEffect(this ILogger log, string setting);

    [LoggerMessage(12, LogLevel.Warning, "A request came over plain http although the issuer is https; "
        + "behind a proxy, name its network in JwtAuth:Proxy:TrustedNetworks")]
    public static partial void PlainHttpRefused(this ILogger log);

    [LoggerMessage(13, LogLevel.Error, "A request failed")]
    public static partial void RequestFailed(this ILogger log, Exception fault);

    [LoggerMessage(14, LogLevel.Information, "Session {SessionId} of account {Subject} began from {Address}")]
    public static partial void SessionBegan(this ILogger log, string sessionId, string subject, string address);

    [LoggerMessage(15, LogLevel.Information, "Session {SessionId} of account {Subject} refreshed from {Address}")]
    public static partial void SessionRefreshed(this ILogger log, string sessionId, string subject, string address);

    [LoggerMessage(16, LogLevel.Information, "Session {SessionId} of account {Subject}: a refresh came again within the reuse window, "
        + "from {Address}, and got the same successor")]
    public static partial void RefreshRepeated(this ILogger log, string sessionId, string subject, string address);

    [LoggerMessage(17, LogLevel.Warning, "SECURITY: session {SessionId} of account {Subject} ended: "
        + "a refresh token that was used before came again, from {Address}; somebody holds a copy")]
    public static partial void RefreshReused(this ILogger log, string sessionId, string subject, string address);

    [LoggerMessage(18, LogLevel.Warning, "SECURITY: session {SessionId} of account {Subject} ended: "
        + "a refresh token newer than the database came from {Address}; was the database restored?")]
    public static partial void RefreshAhead(this ILogger log, string sessionId, string subject, string address);

    [LoggerMessage(19, LogLevel.Information, "A refresh was refused from {Address}: {Reason}")]
    public static partial void RefreshRefused(this ILogger log, string address, string reason);

    [LoggerMessage(20, LogLevel.Information, "Account {Subject}, session {SessionId}: {Change}")]
    public static partial void AccountEnded(this ILogger log, string subject, string sessionId, string change);

    [LoggerMessage(21, LogLevel.Information, "Client {ClientId} revoked {What} of account {Subject}")]
    public static partial void ClientRevoked(this ILogger log, string clientId, string what, string subject);

    [LoggerMessage(22, LogLevel.Warning, "A client was refused from {Address}")]
    public static partial void ClientRefused(this ILogger log, string address);

    [LoggerMessage(23, LogLevel.Error, "The log of denials could not be read; after five seconds of that no token is accepted")]
    public static partial void DenialsNotRead(this ILogger log, Exception fault);

    [LoggerMessage(24, LogLevel.Error, "Expired sessions and denials could not be deleted; the next round tries again")]
    public static partial void ExpiredRowsNotDeleted(this ILogger log, Exception fault);

    [LoggerMessage(26, LogLevel.Warning, "The use of session {SessionId} could not be noted; the next one is")]
    public static partial void UseNotNoted(this ILogger log, Exception fault, string sessionId);

    [LoggerMessage(27, LogLevel.Information, "Signed cookie of account {Subject} issued to {Address}")]
    public static partial void SignedCookieIssued(this ILogger log, string subject, string address);

    [LoggerMessage(25, LogLevel.Warning, "SECURITY: key {KeyId} ({Algorithm}) revoked: nothing that it signed is accepted any more")]
    public static partial void KeyRevoked(this ILogger log, string keyId, string algorithm);

    [LoggerMessage(40, LogLevel.Information, "Personal access token {TokenId} of account {Subject} made, from {Address}")]
    public static partial void PersonalAccessTokenMade(this ILogger log, string tokenId, string subject, string address);

    [LoggerMessage(41, LogLevel.Information, "Personal access token {TokenId} of account {Subject} deleted")]
    public static partial void PersonalAccessTokenDeleted(this ILogger log, string tokenId, string subject);

    [LoggerMessage(42, LogLevel.Warning, "A personal access token was refused from {Address}")]
    public static partial void PersonalAccessTokenRefused(this ILogger log, string address);

    [LoggerMessage(
        43, LogLevel.Information, "Personal access token {TokenId} of account {Subject} changed into an access token, from {Address}")]
    public static partial void PersonalAccessTokenChanged(this ILogger log, string tokenId, string subject, string address);

    [LoggerMessage(44, LogLevel.Warning, "The use of personal access token {TokenId} could not be written down; its next use tries again")]
    public static partial void PersonalAccessTokenUseNotNoted(this ILogger log, Exception fault, string tokenId);

    [LoggerMessage(50, LogLevel.Information, "Account {Subject} verified by HTTP Basic from {Address}")]
    public static partial void VerifiedByBasic(this ILogger log, string subject, string address);

    [LoggerMessage(70, LogLevel.Error, "SECURITY: the {Kind} {Name} in the database is not used: {Fault}. "
        + "Somebody else can write to the database, or it was written by another version")]
    public static partial void RowNotBelieved(this ILogger log, string kind, string name, string fault);

    [LoggerMessage(71, LogLevel.Warning, "Rows of a version that knew no seals were taken over: {Keys} signing keys, "
        + "{Sessions} sessions, {Tokens} personal access tokens. This happens once, at the first start of this version")]
    public static partial void OlderRowsSealed(this ILogger log, int keys, int sessions, int tokens);

    [LoggerMessage(72, LogLevel.Error, "The store cannot be written or read: until that is mended, /health/ready says so, "
        + "and what needs the store is answered with 503")]
    public static partial void StoreFailed(this ILogger log, Exception fault);

    [LoggerMessage(73, LogLevel.Information, "The store can be written and read again")]
    public static partial void StoreSoundAgain(this ILogger log);

    [LoggerMessage(74, LogLevel.Error, "SECURITY: an API has heard {Heard} denials, and the log has given {Given}: "
        + "was the database restored from a backup? Then run the command: storage restored")]
    public static partial void LogBehindCursor(this ILogger log, long heard, long given);

    [LoggerMessage(75, LogLevel.Warning, "How far the log of denials has come could not be written beside the database; "
        + "a backup that is put in its place may go unnoticed")]
    public static partial void HistoryNotWritten(this ILogger log, Exception fault);

    [LoggerMessage(90, LogLevel.Error, "What happened could not be recorded in the audit trail; the next round tries again")]
    public static partial void AuditNotesNotWritten(this ILogger log, Exception fault);

    [LoggerMessage(91, LogLevel.Error, "SECURITY: records {First} to {Last} of the audit trail are old and are not deleted: "
        + "one of them was changed, or is missing. Run the command: audit verify")]
    public static partial void AuditNotPruned(this ILogger log, long first, long last);

    [LoggerMessage(92, LogLevel.Error, "Old records of the audit trail could not be deleted; the next round tries again")]
    public static partial void AuditPruningFailed(this ILogger log, Exception fault);

    [LoggerMessage(93, LogLevel.Error, "SECURITY: record {Number} of the audit trail is not the one that an API has heard of: "
        + "the trail was cut, or the database was restored from a backup. Run the command: audit verify")]
    public static partial void AuditTrailNotAsHeard(this ILogger log, long number);

    [LoggerMessage(60, LogLevel.Information, "Ready for development:{Places}")]
    public static partial void Greeted(this ILogger log, string places);

    [LoggerMessage(61, LogLevel.Warning, "JwtAuth:Issuer is {Issuer}, but the service listens at {Addresses}: "
        + "APIs will look for its keys at the issuer in vain, and browsers will be refused. "
        + "Listen where the issuer says (--urls; with dotnet run, after --), or set JwtAuth:Issuer to where the service listens")]
    public static partial void IssuerNotListenedAt(this ILogger log, string issuer, string addresses);

    [LoggerMessage(62, LogLevel.Warning, "JwtAuth:Issuer is {Issuer}, but the service listens by http alone, and "
        + "JwtAuth:Proxy:TrustedNetworks is empty: everything but /health will be refused with https_required. "
        + "Name the network of the proxy that ends TLS, or listen by https")]
    public static partial void OnlyHttpIsListenedAt(this ILogger log, string issuer);

    [LoggerMessage(80, LogLevel.Warning, "The networks from which people log in could not be written down; the next round tries again")]
    public static partial void KnownNetworksNotWritten(this ILogger log, Exception fault);

    [LoggerMessage(81, LogLevel.Warning, "Client {ClientId} has to wait: it asked about too many tokens that are none of this service's")]
    public static partial void TooManyUnknownTokens(this ILogger log, string clientId);

    [LoggerMessage(105, LogLevel.Warning, "JwtAuth:SecurityTxt:Expires was {ExpiresAt}: /.well-known/security.txt is not served any more. "
        + "Look whether its contacts still hold, and set a later time")]
    public static partial void SecurityTxtExpired(this ILogger log, string expiresAt);

    [LoggerMessage(110, LogLevel.Warning, "{Name} has no effect; use {Instead}")]
    public static partial void SwitchWithoutEffect(this ILogger log, string name, string instead);

    [LoggerMessage(111, LogLevel.Warning, "A request for a host that is not this service's was refused; if clients or a proxy know it by "
        + "another name, add that to JwtAuth:Hosts, or let the proxy pass the Host header on as it came")]
    public static partial void HostRefused(this ILogger log);

    [LoggerMessage(112, LogLevel.Warning, "{Count} more requests were refused in a minute, from {Network}; their lines are left out")]
    public static partial void RefusalsCounted(this ILogger log, int count, string network);

    [LoggerMessage(113, LogLevel.Warning, "SECURITY: {Path} was open to other users of this machine, and is not any more; "
        + "whoever has read the database has its password hashes")]
    public static partial void MadePrivate(this ILogger log, string path);

    [LoggerMessage(114, LogLevel.Warning, "Role {Role} is new: no account had it before, and no scope names it; is it spelt right?")]
    public static partial void RoleIsNew(this ILogger log, string role);

    [LoggerMessage(120, LogLevel.Information,
        "Application started. Press Ctrl+C to shut down. Environment {Environment}, content root {ContentRoot}")]
    public static partial void Started(this ILogger log, string environment, string contentRoot);

    [LoggerMessage(121, LogLevel.Information, "Draining: /health/ready is 503, and the service listens for {Seconds} seconds more")]
    public static partial void Draining(this ILogger log, int seconds);

    [LoggerMessage(122, LogLevel.Information, "Application is shutting down: nobody listens any more, what is under way is finished")]
    public static partial void Stopping(this ILogger log);

    [LoggerMessage(137, LogLevel.Warning, "Attempts could not be shared with other processes; each counts by itself until they can")]
    public static partial void AttemptsNotShared(this ILogger log, Exception fault);
}
