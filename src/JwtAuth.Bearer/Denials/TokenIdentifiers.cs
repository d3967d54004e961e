namespace JwtAuth.Bearer.Denials;

/// <summary>The names by which a denial can mean a token. They are made once for a token and looked up each time it comes.</summary>
internal readonly struct TokenIdentifiers
{
    // No random value is ever this one.
    private static readonly UInt128 Nothing = UInt128.Zero;

    public TokenIdentifiers(string subject, string jwtId, string? sessionId, long generation, string keyId)
    {
        Subject = DenialTable.IdOf(subject);
        Token = DenialTable.IdOf(Subject, DenialTable.IdOf(jwtId));
        Session = sessionId is null ? Nothing : DenialTable.IdOf(sessionId);
        (Generation, KeyId) = (generation, keyId);
    }

    /// <summary><c>sub</c>.</summary>
    public UInt128 Subject { get; init; }

    /// <summary><c>sub</c> and <c>jti</c>.</summary>
    public UInt128 Token { get; init; }

    /// <summary><c>sid</c>; zero where there is none.</summary>
    public UInt128 Session { get; init; }

    /// <summary><c>gen</c>.</summary>
    public long Generation { get; init; }

    /// <summary>The <c>kid</c> of the key that verified it.</summary>
    public string KeyId { get; }
}
