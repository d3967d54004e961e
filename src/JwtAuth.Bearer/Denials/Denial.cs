namespace JwtAuth.Bearer.Denials;

/// <summary>What a denial names.</summary>
internal enum DenialKind
{
    /// <summary>One token: <c>sub</c> and <c>jti</c>.</summary>
    Token,

    /// <summary>All tokens of one login: <c>sid</c>.</summary>
    Session,

    /// <summary>All tokens of an account whose generation (<c>gen</c>) is below a number, except those of one session.</summary>
    Subject,

    /// <summary>All tokens that one key has signed: <c>kid</c>.</summary>
    Key,
}

/// <summary>
/// Says that tokens are dead before they expire. It never compares times. <c>iat</c> counts whole seconds and clocks differ, so a cut-off
/// by time would spare tokens that it should end, or end tokens that came later.
/// </summary>
internal sealed record Denial
{
    private Denial(DenialKind kind, string name) => (Kind, Name) = (kind, name);

    public DenialKind Kind { get; }

    /// <summary>The <c>jti</c>, <c>sid</c>, <c>sub</c> or <c>kid</c>.</summary>
    public string Name { get; }

    /// <summary>The <c>sub</c> of a single token. If two accounts have the same <c>jti</c>, only one is denied.</summary>
    public string? TokenSubject { get; private init; }

    /// <summary>Tokens of the subject with a lower <c>gen</c> are dead.</summary>
    public long BelowGeneration { get; private init; }

    /// <summary>The <c>sid</c> that a denial of a subject spares. This is how "all others" is expressed.</summary>
    public string? ExceptSessionId { get; private init; }

    /// <summary>When the denial may be forgotten. Never, for a key.</summary>
    public DateTimeOffset? ExpiresAt { get; private init; }

    public static Denial OfToken(string subject, string jwtId, DateTimeOffset forgetAt) =>
        new(DenialKind.Token, jwtId) { TokenSubject = subject, ExpiresAt = forgetAt };

    public static Denial OfSession(string sessionId, DateTimeOffset forgetAt) =>
        new(DenialKind.Session, sessionId) { ExpiresAt = forgetAt };

    public static Denial OfSubject(string subject, long belowGeneration, string? exceptSessionId, DateTimeOffset forgetAt) =>
        new(DenialKind.Subject, subject) { BelowGeneration = belowGeneration, ExceptSessionId = exceptSessionId, ExpiresAt = forgetAt };

    public static Denial OfKey(string keyId) => new(DenialKind.Key, keyId);
}
