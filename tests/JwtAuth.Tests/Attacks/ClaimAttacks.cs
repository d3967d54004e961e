using System.Text.Json.Nodes;

namespace JwtAuth.Tests.Attacks;

/// <summary>Area CLM: claims. Correctly signed where nothing else is said.</summary>
internal static class ClaimAttacks
{
    private static readonly string[] NoText = ["absent", "null", "\"\"", "1", "true", "{}", "[]"];

    public static IEnumerable<Attack> Cases => [.. Times, .. Lifetimes, .. Audiences, .. Issuers, .. Texts, .. Grants, .. Bindings];

    private static IEnumerable<Attack> Times =>
    [
        .. from claim in new (string Name, string Row)[] { ("exp", "CLM-05"), ("iat", "CLM-09"), ("nbf", "CLM-09") }
           from json in new[] { "null", "true", "[]", "{}", "\"5/29/2024\"", "-1", "-1e300", "-1e400" }
           select new Attack(claim.Row, $"{claim.Name} {json}", forge => forge.WithClaim(claim.Name, json)),
        .. from claim in new[] { "exp", "iat", "nbf" }
           from json in new[] { "253402300799", "253402300800", "9223372036854775807", "9223372036854775808", "1e18", "1e400" }
           select new Attack("CLM-04", $"{claim} {json}", forge => forge.WithClaim(claim, json)),
        new("CLM-05", "exp absent", forge => forge.WithClaim("exp", null)),
        new("CLM-05", "exp 0", forge => forge.WithClaim("exp", "0")),
        new("CLM-05", "exp in a list", forge => forge.WithClaim("exp", $"[{forge.Now + 300}]")),
        new("CLM-02", "exp as a string", forge => forge.WithClaim("exp", $"\"{forge.Now + 300}\"")),
        new("CLM-02", "exp as a string, far ahead", forge => forge.WithClaim("exp", "\"9999999999\"")),
        new("CLM-02", "exp as a word", forge => forge.WithClaim("exp", "\"never\"")),
        new("CLM-02", "exp as a date", forge => forge.WithClaim("exp", "\"2026-03-01T12:05:00Z\"")),
        new("CLM-02", "exp in milliseconds", forge => forge.WithClaim("exp", $"{(forge.Now + 300) * 1000}")),
        new("CLM-02", "iat as a string", forge => forge.WithClaim("iat", $"\"{forge.Now}\"")),
        new("CLM-02", "nbf as a string", forge => forge.WithClaim("nbf", $"\"{forge.Now}\"")),
        new("CLM-03", "exp with a fraction", forge => forge.WithClaim("exp", $"{forge.Now + 60}.5"), IsAccepted: true),
        new("CLM-03", "exp with an exponent", forge => forge.WithClaim("exp", $"{(forge.Now + 100) / 100}e2"), IsAccepted: true),
        new("CLM-03", "exp with an exponent, in the past", forge => forge.WithClaim("exp", "1.7e9")),
        new("CLM-03", "exp with an exponent, in 2030", forge => forge.WithClaim("exp", "1.9e9")),
        new("CLM-03", "iat and nbf with a fraction", forge =>
            forge.WithClaims(("iat", $"{forge.Now}.25"), ("nbf", $"{forge.Now}.0")), IsAccepted: true),
        new("CLM-08", "iat in an hour", forge => forge.WithClaims(("iat", $"{forge.Now + 3600}"), ("exp", $"{forge.Now + 3900}"))),
        new("CLM-08", "iat beyond the skew", forge => forge.WithClaim("iat", $"{forge.Now + 31}")),
        new("CLM-08", "iat within the skew", forge => forge.WithClaim("iat", $"{forge.Now + 30}"), IsAccepted: true),
        new("CLM-08", "nbf beyond the skew", forge => forge.WithClaim("nbf", $"{forge.Now + 31}")),
        new("CLM-08", "nbf within the skew", forge => forge.WithClaim("nbf", $"{forge.Now + 30}"), IsAccepted: true),
        new("CLM-09", "iat absent", forge => forge.WithClaim("iat", null)),
        new("CLM-09", "nbf absent", forge => forge.WithClaim("nbf", null), IsAccepted: true),
    ];

    private static IEnumerable<Attack> Lifetimes =>
    [
        .. new (string Name, long Seconds)[] { ("10 years", 315_360_000), ("a day", 86_400), ("an hour and a second", 3601) }
            .Select(life => new Attack("CLM-12", $"a life of {life.Name}", forge => forge.WithClaim("exp", $"{forge.Now + life.Seconds}"))),
        new("CLM-12", "a life of an hour", forge => forge.WithClaim("exp", $"{forge.Now + 3600}"), IsAccepted: true),
        new("CLM-12", "a life of 10 years that began long ago", forge => forge.WithClaim("iat", $"{forge.Now - 315_360_000}")),
        new("CLM-04", "exp, nbf and iat at the end of time", forge =>
            forge.WithClaims(("exp", "253402300799"), ("iat", "253402300000"), ("nbf", "253402300000"))),
        new("CLM-04", "exp at the end of time with a fraction", forge =>
            forge.WithClaims(("exp", "253402300799.9999999"), ("iat", "253402300000"))),
        new("CLM-04", "nbf and iat at the beginning of time", forge => forge.WithClaims(("exp", "10"), ("iat", "0"), ("nbf", "0"))),
        new("CLM-06", "exp beyond the skew", forge => forge.WithClaims(("iat", $"{forge.Now - 330}"), ("exp", $"{forge.Now - 30}"))),
        new("CLM-06", "exp within the skew", forge =>
            forge.WithClaims(("iat", $"{forge.Now - 330}"), ("nbf", $"{forge.Now - 330}"), ("exp", $"{forge.Now - 29}")), IsAccepted: true),
        new("CLM-06", "exp before iat, both within the skew", forge =>
            forge.WithClaims(("iat", $"{forge.Now + 20}"), ("exp", $"{forge.Now + 10}"))),
        new("CLM-06", "exp is iat", forge => forge.WithClaims(("iat", $"{forge.Now}"), ("exp", $"{forge.Now}"))),
        new("CLM-06", "exp before nbf, both within the skew", forge =>
            forge.WithClaims(("nbf", $"{forge.Now + 20}"), ("exp", $"{forge.Now + 10}"))),
    ];

    private static IEnumerable<Attack> Audiences =>
    [
        .. new[]
        {
            "absent", "null", "\"\"", "[]", "[\"evil\"]", "[[\"orders\"]]", "{\"orders\":1}", "1", "true", "[null,\"orders\"]",
            "[\"orders\",null]", "[\"orders\",1]", "[\"orders\",[]]", "[\"orders\",\"\"]", "[\"\"]", "[{}]",
        }.Select(json => new Attack("CLM-10", $"aud {json}", forge => forge.WithClaim("aud", OrNone(json)))),
        new("CLM-10", "aud as a list of one", forge => forge.WithClaim("aud", "[\"orders\"]"), IsAccepted: true),
        new("CLM-10", "aud as a list that names another too", forge =>
            forge.WithClaim("aud", "[\"billing\",\"orders\"]"), IsAccepted: true),
        .. new[]
        {
            "Orders", "ORDERS", "orders ", " orders", "orders/", "orders evil", "evil orders", "orders,evil", "ordersX", "order", "*",
            "orders*", "orders.", "orders\\u0000", "orders\\n", "\\uff4frders", "ord\\u200bers", "\\u043erders", "orders?", "orders#",
            "api://orders", "urn:orders",
        }.Select(audience => new Attack("CLM-11", $"aud {audience}", forge => forge.WithClaim("aud", $"\"{audience}\""))),
        new("CLM-11", "aud with an escaped letter is the same text", forge => forge.WithClaim("aud", "\"\\u006frders\""), IsAccepted: true),
        .. NearMisses.Select(other =>
            new Attack("CLM-11", $"aud is the issuer {other.Name}", forge => forge.WithClaim("aud", $"\"{other.Text(forge.Issuer)}\""))),
        .. new[] { "billing", "spa", "account", "jwtauth", "https://api.example.com" }.Select(
            audience => new Attack("CLM-22", $"a token for {audience}", forge => forge.WithClaim("aud", $"\"{audience}\""))),
        new("CLM-22", "a token for others", forge => forge.WithClaim("aud", "[\"billing\",\"shipping\"]")),
    ];

    private static IEnumerable<Attack> Issuers =>
    [
        .. new[] { "null", "\"\"", "1", "true", "{}", "[]" }.Prepend("absent")
            .Select(json => new Attack("CLM-14", $"iss {json}", forge => forge.WithClaim("iss", OrNone(json)))),
        new("CLM-14", "iss in a list", forge => forge.WithClaim("iss", $"[\"{forge.Issuer}\"]")),
        .. NearMisses.Append(("of somebody else", _ => "https://evil.example")).Append(("without a scheme", issuer => issuer[7..]))
            .Append(("as localhost", issuer => issuer.Replace("127.0.0.1", "localhost", StringComparison.Ordinal)))
            .Append(("as a user of another host", issuer => $"{issuer}@evil.example")).Append(("cut by one", issuer => issuer[..^1]))
            .Select(
                other => new Attack("CLM-14", $"iss {other.Item1}", forge => forge.WithClaim("iss", $"\"{other.Item2(forge.Issuer)}\""))),
        .. from iss in new (string Row, string Name, string Text)[]
           {
               ("CLM-14", "e acute", "\u00e9"), ("CLM-14", "emoji", "\U0001F511"), ("CLM-14", "CR LF", "a\\r\\nX: y"),
               ("CLM-14", "NUL", "a\\u0000b"), ("CLM-14", "a lone surrogate", "\\ud800"),
               ("CLM-14", "another script", "\u4e2d\u6587"), ("CLM-15", "quotation marks", "a\\\" evil=\\\"1"),
               ("CLM-15", "5,000 characters", new string('i', 5000)),
           }
           from unsigned in new[] { true, false }
           let how = unsigned ? "unknown kid, unsigned, exp far ahead" : "correctly signed"
           select new Attack(iss.Row, $"iss of {iss.Name}, {how}", forge => unsigned
               ? Unsigned(forge.ClaimsWith(("iss", $"\"{iss.Text}\""), ("exp", "253402300799")))
               : forge.WithClaim("iss", $"\"{iss.Text}\"")),
        new("CLM-15", "iss of 20,000 characters", forge => forge.WithClaim("iss", $"\"{new string('i', 20_000)}\"")),
    ];

    private static IEnumerable<Attack> Texts =>
    [
        .. from claim in new[] { "sub", "jti", "client_id", "sid" }
           from json in NoText.Append("[\"x\"]").Append("1.5").Append("\"" + new string('x', 256) + "\"")
           where (claim, json) != ("sid", "absent")
           select new Attack(
               "CLM-18", $"{claim} {(json.Length > 100 ? "of 256 characters" : json)}", forge => forge.WithClaim(claim, OrNone(json))),
        new("CLM-18", "sid absent: no login stands behind it", forge => forge.WithClaim("sid", null), IsAccepted: true),
        new("CLM-18", "jti of 10 KB", forge => forge.WithClaim("jti", $"\"{new string('x', 10_240)}\"")),
        new("CLM-18", "jti of 5 KB", forge => forge.WithClaim("jti", $"\"{new string('x', 5000)}\"")),
        new("CLM-18", "jti of 255 characters", forge => forge.WithClaim("jti", $"\"{new string('x', 255)}\""), IsAccepted: true),
        .. new[] { "absent", "null", "\"0\"", "-1", "1.5", "1e400", "true", "[]", "{}", "9223372036854775808" }.Select(
            json => new Attack("CLM-18", $"gen {json}", forge => forge.WithClaim("gen", OrNone(json)))),
        .. NoText.Where(json => json != "absent")
            .Select(json => new Attack("CLM-18", $"username {json}", forge => forge.WithClaim("username", json))),
        new("CLM-18", "username absent", forge => forge.WithClaim("username", null), IsAccepted: true),
    ];

    private static IEnumerable<Attack> Grants =>
    [
        // A scope that is no string grants nothing; that it grants nothing is told by the scope's own tests.
        .. new[] { "absent", "[\"orders:write\"]", "null", "1", "{}", "\"\"", "\"orders:read  orders:write\"",
            "\"orders:read\\torders:write\"" }
            .Select(json => new Attack("CLM-19", $"scope {json}", forge => forge.WithClaim("scope", OrNone(json)), IsAccepted: true)),
        .. new[] { "\"admin\"", "null", "1", "{}", "{\"0\":\"admin\"}", "[1]", "[null]", "[\"admin\",1]", "[[\"admin\"]]", "[{}]", "[\"\"]",
            "[\"admin\",[]]", "true" }
            .Select(json => new Attack("CLM-20", $"roles {json}", forge => forge.WithClaim("roles", json))),
        new("CLM-20", "roles absent", forge => forge.WithClaim("roles", null), IsAccepted: true),
        .. new (string Claim, string Json)[]
        {
            ("role", "\"admin\""), ("roles", "[\"admin\"]"), ("scope", "\"orders:read orders:write\""), ("sub", "\"admin\""),
            ("aud", "[\"orders\",\"billing\"]"), ("exp", "1772370000"), ("gen", "7"), ("sid", "\"another\""), ("jti", "\"another\""),
        }.Select(change => new Attack("CLM-20", $"{change.Claim} {change.Json} put in without a signature", forge =>
        {
            string[] parts = forge.Live().Split('.');
            var claims = (JsonObject)JsonNode.Parse(Forge.Decode(parts[1]))!;
            return $"{parts[0]}.{Forge.Encode(Forge.Set(claims, change.Claim, change.Json))}.{parts[2]}";
        })),
    ];

    private static IEnumerable<Attack> Bindings =>
        new[] { "{\"jkt\":\"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\"}",
            "{\"x5t#S256\":\"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2\"}", "{\"jwk\":{}}", "{}", "null", "\"\"", "[]", "false" }
            .Select(json => new Attack("CLM-21", $"cnf {json}", forge => forge.WithClaim("cnf", json)));

    private static IEnumerable<(string Name, Func<string, string> Text)> NearMisses =>
    [
        ("with a last slash", issuer => issuer + "/"), ("in capitals", issuer => issuer.ToUpperInvariant()),
        ("by https", issuer => issuer.Replace("http:", "https:", StringComparison.Ordinal)),
        ("with a path", issuer => issuer + "/x"), ("with a query", issuer => issuer + "?"), ("with a blank", issuer => issuer + " "),
        ("without its port", issuer => issuer[..issuer.LastIndexOf(':')]),
        ("with another port", issuer => issuer + "0"), ("with NUL", issuer => issuer + "\\u0000"),
        ("with a dot", issuer => issuer.Replace("0.1:", "0.1.:", StringComparison.Ordinal)),
    ];

    private static string Unsigned(string claims) =>
        $"{Forge.Encode("""{"alg":"RS256","kid":"nobody","typ":"at+jwt"}""")}.{Forge.Encode(claims)}.AAAA";

    private static string? OrNone(string json) => json == "absent" ? null : json;
}
