using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using JwtAuth.Bearer.Denials;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Bearer.AccessTokens;

/// <summary>The claims of a token with a good signature. They are not yet checked against anything.</summary>
internal struct AccessTokenClaims
{
    private const int MaximumTextLength = 255;

    // The last moment that DateTimeOffset can hold.
    private const double MaximumSeconds = 253402300799;

    // RFC 6749 §3.3: NQCHAR
    private static readonly SearchValues<char> ScopeCharactersAndSpace = SearchValues.Create(
        [.. Enumerable.Range(0x20, 0x5F).Select(code => (char)code).Where(character => character is not ('"' or '\\'))]);

    private DateTimeOffset? notBefore;

    public string Issuer { get; private set; }

    public string[] Audiences { get; private set; }

    public DateTimeOffset ExpiresAt { get; private set; }

    public DateTimeOffset IssuedAt { get; private set; }

    public readonly DateTimeOffset NotBefore => notBefore ?? IssuedAt;

    /// <summary>Whether there is a <c>cnf</c> claim (RFC 7800 §3.1).</summary>
    public bool IsBound { get; private set; }

    public string Subject { get; private set; }

    public string JwtId { get; private set; }

    public string? SessionId { get; private set; }

    public long Generation { get; private set; }

    private string clientId;
    private string? username;
    private string[] scopes, roles;

    /// <summary>Reads the claims set in one pass. Unknown claims are skipped, but must follow the same rules of JSON.</summary>
    public static TokenRejection? Read(in StrictJwt jwt, out AccessTokenClaims claims)
    {
        claims = new() { Audiences = [], scopes = [], roles = [], Generation = -1 };
        DateTimeOffset? expires = null, issued = null;
        try
        {
            StrictJson json = jwt.Claims();
            while (json.NextMember())
            {
                ReadOnlySpan<byte> name = json.Name;
                bool wellFormed =
                    name.SequenceEqual("iss"u8) ? (claims.Issuer = Text(ref json)!) is not null
                    : name.SequenceEqual("sub"u8) ? (claims.Subject = Text(ref json)!) is not null
                    : name.SequenceEqual("aud"u8) ? (claims.Audiences = Texts(ref json, orOne: true)) is not []
                    : name.SequenceEqual("exp"u8) ? (expires = NumericDate(ref json)) is not null
                    : name.SequenceEqual("nbf"u8) ? (claims.notBefore = NumericDate(ref json)) is not null
                    : name.SequenceEqual("iat"u8) ? (issued = NumericDate(ref json)) is not null
                    : name.SequenceEqual("jti"u8) ? (claims.JwtId = Text(ref json)!) is not null
                    : name.SequenceEqual("client_id"u8) ? (claims.clientId = Text(ref json)!) is not null
                    : name.SequenceEqual("scope"u8) ? (claims.scopes = Scopes(ref json)) is not null
                    : name.SequenceEqual("roles"u8)
                    ? (claims.roles = Texts(ref json, orOne: false)) is not [] || json.ValueKind == JsonTokenType.EndArray
                    : name.SequenceEqual("username"u8) ? (claims.username = Text(ref json)) is not null
                    : name.SequenceEqual("sid"u8) ? (claims.SessionId = Text(ref json)) is not null
                    : name.SequenceEqual("gen"u8) ? (claims.Generation = Count(ref json)) >= 0
                    : !name.SequenceEqual("cnf"u8) || (claims.IsBound = true);
                if (!wellFormed)
                    return TokenRejection.InvalidClaim;
            }
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return TokenRejection.MalformedClaims;
        }

        if (expires is not { } exp || issued is not { } iat)
            return TokenRejection.InvalidClaim;
        (claims.ExpiresAt, claims.IssuedAt) = (exp, iat);
        bool complete = claims is { Issuer: not null, Subject: not null, JwtId: not null, clientId: not null, Generation: >= 0 }
            && claims.Audiences.Length > 0;
        return complete ? null : TokenRejection.InvalidClaim;
    }

    /// <summary>
    /// Whether a token names another issuer, or none. Nothing is verified yet, so this can only speak against it: whoever signed it, it
    /// is not for us.
    /// </summary>
    public static bool NameAnother(in StrictJwt jwt, string issuer)
    {
        try
        {
            StrictJson json = jwt.Claims();
            while (json.NextMember())
            {
                if (json.Name.SequenceEqual("iss"u8))
                    return !string.Equals(Text(ref json), issuer, StringComparison.Ordinal);
            }
            return true;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>
    /// Turns the claims into a token that can be trusted. Call it only after every check has passed. The lists are handed over, not copied:
    /// nobody else holds them.
    /// </summary>
    public readonly AccessToken ToAccessToken(VerificationKey key, in TokenIdentifiers names) => new(key, names)
    {
        Issuer = Issuer,
        Subject = Subject,
        Audiences = ImmutableCollectionsMarshal.AsImmutableArray(Audiences),
        ExpiresAt = ExpiresAt,
        NotBefore = NotBefore,
        IssuedAt = IssuedAt,
        JwtId = JwtId,
        ClientId = clientId,
        Scopes = ImmutableCollectionsMarshal.AsImmutableArray(scopes),
        Roles = ImmutableCollectionsMarshal.AsImmutableArray(roles),
        Username = username,
        SessionId = SessionId,
        Generation = Generation,
    };

    private static string? Text(ref StrictJson json)
    {
        if (json.ValueKind != JsonTokenType.String)
            return null;
        string text = json.GetText();
        return text.Length is 0 or > MaximumTextLength || (!json.IsPlain && text.Any(char.IsControl)) ? null : text;
    }

    // Empty if one of the values is not valid text. A list is never taken in part.
    private static string[] Texts(ref StrictJson json, bool orOne)
    {
        if (orOne && Text(ref json) is { } only)
            return [only];
        if (json.ValueKind != JsonTokenType.StartArray)
            return [];
        List<string> texts = [];
        while (json.NextElement())
        {
            if (Text(ref json) is not { } text)
                return [];
            texts.Add(text);
        }
        return [.. texts];
    }

    private static string[] Scopes(ref StrictJson json)
    {
        if (json.ValueKind != JsonTokenType.String)
            return [];
        string text = json.GetText();
        string[] values = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return text.AsSpan().ContainsAnyExcept(ScopeCharactersAndSpace) ? Array.FindAll(values, IsScopeToken) : values;

        static bool IsScopeToken(string value) => !value.AsSpan().ContainsAnyExcept(ScopeCharactersAndSpace);
    }

    private static DateTimeOffset? NumericDate(ref StrictJson json)
    {
        if (json.ValueKind != JsonTokenType.Number)
            return null;
        double seconds = json.TryGetInteger(out long whole) ? whole : json.GetNumber();
        return seconds is >= 0 and <= MaximumSeconds ? DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds(seconds) : null;
    }

    private static long Count(ref StrictJson json) =>
        json.ValueKind == JsonTokenType.Number && json.TryGetInteger(out long count) ? count : -1;
}
