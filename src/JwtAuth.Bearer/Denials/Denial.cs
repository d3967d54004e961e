namespace JwtAuth.Bearer.Denials;

/// <summary>What a denial names.</summary>
internal enum DenialKind
{
    /// <summary>One token: <c>sub</c> and <c>jti</c>.</summary>
    Token,

    /// <summary>All tokens of one login: <c>sid</c>.</summary>
    Session,

    /// <summary>All tokens of an account that carry a generation (<c>gen</c>) below a number, those of one session excepted.</summary>
    Subject,

    /// <summary>All tokens that one key has signed: <c>kid</c>.</summary>
    Key,
}

/// <summary>
/// Says that tokens are dead before they expire. It never compares times: <c>iat</c> has the resolution of a second and clocks differ, so that a
/// cut-off by time would spare what it should end, or end what came after.
/// </summary>
internal sealed record Denial
{
    private Denial(DenialKind kind, string name) => (Kind, Name) = (kind, name);

    public DenialKind Kind { get; }

    /// <summary>The <c>jti</c>, <c>sid</c>, <c>sub</c> or <c>kid</c>.</summary>
    public string Name { get; }

    /// <summary>The <c>sub</c> of a single token: two accounts do not share a <c>jti</c>'s fate.</summary>
    public string? TokenSubject { get; private init; }

    /// <summary>Tokens of the subject with a lower <c>gen</c> are dead.</summary>
    public long BelowGeneration { get; private init; }

    /// <summary>The <c>sid</c> that a denial of a subject spares: that is how "others" is said.</summary>
    public string? ExceptSessionId { get; private init; }

    /// <summary>When it may be forgotten; never, for a key.</summary>
    public DateTimeOffset? ExpiresAt { get; private init; }

    public static Denial OfToken(string subject, string jwtId, DateTimeOffset forgetAt) =>
        new(DenialKind.Token, jwtId) { TokenSubject = subject, ExpiresAt = forgetAt };

    public static Denial OfSession(string sessionId, DateTimeOffset forgetAt) => new(DenialKind.Session, sessionId) { ExpiresAt = forgetAt };

    public static Denial OfSubject(string subject, long belowGeneration, string? exceptSessionId, DateTimeOffset forgetAt) =>
        new(DenialKind.Subject, subject) { BelowGeneration = belowGeneration, ExceptSessionId = exceptSessionId, ExpiresAt = forgetAt };

    public static Denial OfKey(string keyId) => new(DenialKind.Key, keyId);
}
