using System.Net;
using System.Text;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Tests.Attacks;

/// <summary>Area SIG: signature and encoding.</summary>
internal static class SignatureAttacks
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    public static IEnumerable<Attack> Cases =>
        [.. Shapes, .. Borrowed, .. Lengths, .. Spellings, .. Characters, .. OtherSerializations, .. Sizes];

    private static IEnumerable<Attack> Shapes =>
    [
        .. new (string Row, string Shape, Func<string, string, string, string> Token)[]
        {
            ("SIG-01", "h.p.", (h, p, s) => $"{h}.{p}."), ("SIG-01", "h.p", (h, p, s) => $"{h}.{p}"),
            ("SIG-01", "h..s", (h, p, s) => $"{h}..{s}"), ("SIG-01", ".p.s", (h, p, s) => $".{p}.{s}"),
            ("SIG-01", "h..", (h, p, s) => $"{h}.."), ("SIG-01", "..s", (h, p, s) => $"..{s}"), ("SIG-01", ".p.", (h, p, s) => $".{p}."),
            ("SIG-01", "h", (h, p, s) => h),
            ("SIG-01", ".", (h, p, s) => "."), ("SIG-01", "..", (h, p, s) => ".."), ("SIG-01", "...", (h, p, s) => "..."),
            ("SIG-01", "hps", (h, p, s) => h + p + s),
            ("SIG-01", "h.s", (h, p, s) => $"{h}.{s}"), ("SIG-01", "p.h.s", (h, p, s) => $"{p}.{h}.{s}"),
            ("SIG-01", "h.s.p", (h, p, s) => $"{h}.{s}.{p}"), ("SIG-01", "h.h.s", (h, p, s) => $"{h}.{h}.{s}"),
            ("SIG-02", "h.p.s.x", (h, p, s) => $"{h}.{p}.{s}.AAAA"), ("SIG-02", "h.p.s.", (h, p, s) => $"{h}.{p}.{s}."),
            ("SIG-02", ".h.p.s", (h, p, s) => $".{h}.{p}.{s}"),
            ("SIG-02", "h.p.s.x.y", (h, p, s) => $"{h}.{p}.{s}.AAAA.AAAA"), ("SIG-02", "h..p.s", (h, p, s) => $"{h}..{p}.{s}"),
            ("SIG-02", "h.p..s", (h, p, s) => $"{h}.{p}..{s}"),
            ("SIG-02", "h.p.s.h.p.s", (h, p, s) => $"{h}.{p}.{s}.{h}.{p}.{s}"),
            ("SIG-02", "h.p.s,h.p.s", (h, p, s) => $"{h}.{p}.{s},{h}.{p}.{s}"),
            ("SIG-02", "h.p.s h.p.s", (h, p, s) => $"{h}.{p}.{s} {h}.{p}.{s}"),
            ("SIG-02", "h.p.x h.p.s", (h, p, s) => $"{h}.{p}.AAAA {h}.{p}.{s}"),
            ("SIG-02", "quoted", (h, p, s) => $"\"{h}.{p}.{s}\""), ("SIG-02", "a semicolon behind", (h, p, s) => $"{h}.{p}.{s};"),
            ("SIG-02", "a comma behind", (h, p, s) => $"{h}.{p}.{s},"),
            ("SIG-02", "Bearer before", (h, p, s) => $"Bearer {h}.{p}.{s}"), ("SIG-02", "token= before", (h, p, s) => $"token={h}.{p}.{s}"),
            ("SIG-02", "dots escaped", (h, p, s) => $"{h}%2E{p}%2E{s}"),
        }.Select(shape => new Attack(shape.Row, $"shape {shape.Shape}", forge => Rearranged(forge, shape.Token))),
        new("SIG-01", "nothing at all", _ => "", Http: HttpStatusCode.Unauthorized),
        new("SIG-03", "8,192 dots", _ => new string('.', 8192)),
        new("SIG-03", "20,000 dots", _ => new string('.', 20_000)),
        new("SIG-03", "4,000 pairs of a and a dot", _ => string.Concat(Enumerable.Repeat("a.", 4000))),
        new("SIG-03", "30,000 pairs of a and a dot", _ =>
            string.Concat(Enumerable.Repeat("a.", 30_000)), Http: HttpStatusCode.RequestHeaderFieldsTooLarge),
        new("SIG-03", "a live token and 5,000 dots", forge => forge.Live() + new string('.', 5000)),
    ];

    private static IEnumerable<Attack> Borrowed =>
    [
        new("SIG-04", "another subject under another token's signature", forge =>
            $"{Part(forge, 0)}.{Forge.Encode(Forge.Set(forge.Claims(), "sub", "\"admin\""))}.{Part(forge, 2)}"),
        new("SIG-04", "the claims of one live token under the signature of another", forge =>
            $"{Part(forge, 0)}.{Part(forge, 1)}.{Part(forge, 2)}"),
        new("SIG-04", "a blank more in the claims", forge =>
            Resigned(forge, 1, text => Forge.Encode(" " + Encoding.UTF8.GetString(Forge.Decode(text))), sign: false)),
        new("SIG-04", "a blank more in the header", forge =>
            Resigned(forge, 0, text => Forge.Encode(" " + Encoding.UTF8.GetString(Forge.Decode(text))), sign: false)),
        new("SIG-04", "a blank more in the claims and a new signature is a live token", forge =>
            Resigned(forge, 1, text => Forge.Encode(" " + Encoding.UTF8.GetString(Forge.Decode(text)))), IsAccepted: true),
        new("SIG-04", "the signature over the decoded parts", forge => Forge.SignBy(_ =>
            Signature(forge, Encoding.UTF8.GetBytes($"{forge.HeaderText()}.{forge.ClaimsText()}")), forge.HeaderText(),
                forge.ClaimsText())),
        new("SIG-04", "the signature over the claims alone", forge => Forge.SignBy(
            input => Signature(forge, input.AsSpan(Array.IndexOf(input, (byte)'.') + 1)), forge.HeaderText(), forge.ClaimsText())),
    ];

    private static IEnumerable<Attack> Lengths =>
    [
        .. new (string Name, SignatureAlgorithm? Only, Func<byte[], byte[]> Change)[]
        {
            ("cut by a byte", null, s => s[..^1]), ("cut by its first byte", null, s => s[1..]), ("with 00 behind", null, s => [.. s, 0]),
            ("with 00 before", null, s => [0, .. s]),
            ("twice in one", null, s => [.. s, .. s]), ("of one byte", null, s => s[..1]), ("halved", null, s => s[..(s.Length / 2)]),
            ("of zeros", null, s => new byte[s.Length]),
            ("of ones", null, s => [.. Enumerable.Repeat((byte)255, s.Length)]), ("backwards", null, s => [.. s.Reverse()]),
            ("with its first byte moved", null, s => [.. s[1..], s[0]]),
            ("with r and s swapped", SignatureAlgorithm.ES256, s => [.. s[32..], .. s[..32]]),
            ("with r 0", SignatureAlgorithm.ES256, s => [.. new byte[32], .. s[32..]]),
            ("with s 0", SignatureAlgorithm.ES256, s => [.. s[..32], .. new byte[32]]),
            ("with r and s 1", SignatureAlgorithm.ES256, _ => [.. new byte[31], 1, .. new byte[31], 1]),
            ("with r and s the order", SignatureAlgorithm.ES256, _ => [.. Order, .. Order]),
            ("with s the order", SignatureAlgorithm.ES256, s => [.. s[..32], .. Order]),
            ("with each half one byte longer", SignatureAlgorithm.ES256, s => [0, .. s[..32], 0, .. s[32..]]),
            ("one", SignatureAlgorithm.RS256, s => [.. new byte[s.Length - 1], 1]),
            ("two bytes longer in front", SignatureAlgorithm.RS256, s => [0, 0, .. s]),
            ("half a MAC", SignatureAlgorithm.HS256, s => s[..16]), ("SHA-512 long", SignatureAlgorithm.HS256, s => [.. s, .. s]),
        }.Select(other => new Attack("SIG-06", $"signature {other.Name}", forge =>
        {
            string token = forge.Live();
            return $"{token[..token.LastIndexOf('.')]}.{Forge.Encode(other.Change(Forge.Decode(token[(token.LastIndexOf('.') + 1)..])))}";
        }, Only: other.Only)),
    ];

    // Other spellings of the same bytes. Header and claims are signed as they are spelt, so that nothing but the spelling is wrong.
    private static IEnumerable<Attack> Spellings =>
        from part in new (int Index, string Name)[] { (0, "header"), (1, "claims"), (2, "signature") }
        from other in new (string Row, string Name, Func<string, string> Change, HttpStatusCode? Http)[]
        {
            ("SIG-06", "= behind", text => text + "=", null), ("SIG-06", "== behind", text => text + "==", null),
            ("SIG-06", "=== behind", text => text + "===", null),
            ("SIG-06", "%3D behind", text => text + "%3D", null),
            ("SIG-09", "a blank inside", text => Inside(text, " "), null), ("SIG-09", "a tab inside", text => Inside(text, "\t"), null),
            ("SIG-09", "%20 inside", text => Inside(text, "%20"), null),
            ("SIG-09", "%0a inside", text => Inside(text, "%0a"), null),
            ("SIG-09", "a soft hyphen inside", text => Inside(text, "\u00AD"), null),
            ("SIG-09", "an invisible character inside", text => Inside(text, "\u200B"), null),
            ("SIG-09", "a byte order mark inside", text => Inside(text, "\uFEFF"), null),
            ("SIG-09", "NUL inside", text => Inside(text, "\0"), HttpStatusCode.BadRequest),
            ("SIG-09", "LF inside", text => Inside(text, "\n"), HttpStatusCode.BadRequest),
            ("SIG-09", "CR inside", text => Inside(text, "\r"), HttpStatusCode.BadRequest),
            ("SIG-09", "CR LF inside", text => Inside(text, "\r\n"), HttpStatusCode.BadRequest),
            ("SIG-09", "an escape inside", text => Inside(text, "\u001b"), null),
            ("SIG-09", "a backslash and n inside", text => Inside(text, "\\n"), null),
            ("SIG-09", "a hyphen of another kind inside", text => Inside(text, "\u2010"), null),
            ("SIG-09", "a question mark inside", text => Inside(text, "?"), null),
            ("SIG-09", "a tilde inside", text => Inside(text, "~"), null), ("SIG-09", "= inside", text => Inside(text, "="), null),
            ("SIG-11", "an impossible length", text => text + new string('A', (5 - (text.Length % 4)) % 4), null),
            ("SIG-11", "a single character", _ => "A", null),
        }
        select new Attack(
            other.Row, $"{part.Name} with {other.Name}", forge => Resigned(forge, part.Index, other.Change), Http: other.Http);

    private static IEnumerable<Attack> Characters =>
    [
        .. from part in new (int Index, string Name)[] { (0, "header"), (1, "claims"), (2, "signature") }
           select new Attack("SIG-08", $"{part.Name} with + and /", forge => Until(
               () => Resigned(forge, part.Index, text => text.Replace('-', '+').Replace('_', '/'), padding: "\"x\":\"~~~~~~~~????????\""),
               token => token.Contains('+') || token.Contains('/'))),
        .. from part in new (int Index, string Name)[] { (0, "header"), (1, "claims"), (2, "signature") }
           from bit in new[] { 1, 2 }
           select new Attack("SIG-10", $"{part.Name} with spare bit {bit} set", forge =>
               Resigned(forge, part.Index, text => SetSpareBit(text, bit), padding: "\"x\":1")),
        new("SIG-12", "letters beyond ASCII", forge => forge.Live() + "\u0436"),
        new("SIG-12", "letters beyond ASCII before", forge => "\u0436" + forge.Live()),
        new("SIG-12", "emoji only", _ => "\U0001F511.\U0001F511.\U0001F511"),
        new("SIG-12", "letters that look like the token's", forge => forge.Live().Replace('e', '\u0435')),
        new("SIG-12", "wide letters", forge =>
            string.Concat(forge.Live().Select(letter => letter is '.' ? letter : (char)(letter + 0xFEE0)))),
        new("SIG-12", "full-width dots", forge => forge.Live().Replace('.', '\uFF0E')),
        .. new[] { '\u0080', '\u00AD', '\u00C0', '\u00E9', '\u00FF' }.Select(letter =>
            new Attack("SIG-12", $"byte {(int)letter:X2} behind", forge => forge.Live() + letter)),
    ];

    private static IEnumerable<Attack> OtherSerializations =>
        new (string Row, string Name, Func<string, string, string, string> Token)[]
        {
            ("SIG-13", "flattened JSON", (h, p, s) => $$"""{"protected":"{{h}}","payload":"{{p}}","signature":"{{s}}"}"""),
            ("SIG-13", "general JSON", (h, p, s) => $$"""{"payload":"{{p}}","signatures":[{"protected":"{{h}}","signature":"{{s}}"}]}"""),
            ("SIG-13", "general JSON, two signatures, the first valid", (h, p, s) => TwoSignatures(h, p, s, "AAAA")),
            ("SIG-13", "general JSON, two signatures, the last valid", (h, p, s) => TwoSignatures(h, p, "AAAA", s)),
            ("SIG-13", "general JSON without signatures", (h, p, s) => $$"""{"payload":"{{p}}","signatures":[]}"""),
            ("SIG-13", "flattened JSON in base64url", (h, p, s) =>
                Forge.Encode($$"""{"protected":"{{h}}","payload":"{{p}}","signature":"{{s}}"}""")),
            ("SIG-14", "JSON and compact in one", (h, p, s) =>
                $$"""{"  {{h}}.{{Forge.Encode("""{"sub":"admin"}""")}}.":"","protected":"{{h}}","payload":"{{p}}","signature":"{{s}}"}"""),
            ("SIG-14", "compact and JSON in one", (h, p, s) =>
                $$"""{{h}}.{{p}}.{{s}}{"protected":"{{h}}","payload":"{{p}}","signature":"{{s}}"}"""),
            ("SIG-14", "a live token inside a JSON string", (h, p, s) => $"[\"{h}.{p}.{s}\"]"),
            ("SIG-15", "a detached payload", (h, p, s) => $"{h}..{s}"),
        }.Select(form => new Attack(form.Row, form.Name, forge => Rearranged(forge, form.Token)))
            .Append(new Attack("SIG-15", "an empty payload, signed", forge => forge.SignParts(Part(forge, 0), "")));

    private static string TwoSignatures(string h, string p, string first, string last) =>
        $$"""{"payload":"{{p}}","signatures":[{{Signed(h, first)}},{{Signed(h, last)}}]}""";

    private static string Signed(string h, string s) => $$"""{"protected":"{{h}}","signature":"{{s}}"}""";

    private static IEnumerable<Attack> Sizes =>
    [
        new("SIG-17", "8,192 characters", forge => OfLength(forge, 8192), IsAccepted: true),
        new("SIG-17", "8,193 characters", forge => OfLength(forge, 8193)),
        new("SIG-17", "30,000 characters", forge => OfLength(forge, 30_000)),
        new("SIG-17", "8,192 characters of one part", _ => new string('A', 8192)),
        new("SIG-17", "40,000 characters", forge => OfLength(forge, 40_000), Http: HttpStatusCode.RequestHeaderFieldsTooLarge),
    ];

    // The order of P-256 (FIPS 186-5).
    private static byte[] Order => Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");

    /// <summary>A correctly signed token of exactly this length.</summary>
    private static string OfLength(Forge forge, int length)
    {
        string header = forge.HeaderText(), claims = forge.ClaimsText();
        for (int filling = length * 3 / 4; filling > 0; filling--)
        {
            // One part's length is never 1 modulo 4, so a little of the filling goes into the header.
            for (int more = 0; more < 3; more++)
            {
                string h = Forge.Encode(Forge.Append(header, $"\"x\":\"{new string('x', more)}\"")),
                    p = Forge.Encode(Forge.Append(claims, $"\"x\":\"{new string('x', filling)}\""));
                if (h.Length + p.Length + 2 + ((forge.Key.SignatureLength * 4) + 2) / 3 == length)
                    return forge.SignParts(h, p);
            }
        }
        throw new InvalidOperationException("no such length");
    }

    private static string Part(Forge forge, int index) => forge.Live().Split('.')[index];

    private static string Rearranged(Forge forge, Func<string, string, string, string> token)
    {
        string[] parts = forge.Live().Split('.');
        return token(parts[0], parts[1], parts[2]);
    }

    private static byte[] Signature(Forge forge, ReadOnlySpan<byte> input)
    {
        byte[] signature = new byte[forge.Key.SignatureLength];
        forge.Key.Sign(input, signature);
        return signature;
    }

    /// <summary>A live token one of whose parts is spelt differently, and signed as it is spelt then.</summary>
    private static string Resigned(Forge forge, int index, Func<string, string> change, bool sign = true, string? padding = null)
    {
        string header = forge.HeaderText(), claims = forge.ClaimsText();
        // White space before an object changes its length and nothing else: no part ends without spare bits.
        string[] parts = forge.Sign(
            Odd(padding is null || index != 0 ? header : Forge.Append(header, padding)),
            Odd(padding is null || index != 1 ? claims : Forge.Append(claims, padding))).Split('.');
        parts[index] = change(parts[index]);
        return index == 2 || !sign ? string.Join('.', parts) : forge.SignParts(parts[0], parts[1]);
    }

    private static string Odd(string text) => Encoding.UTF8.GetByteCount(text) % 3 == 1 ? text : Odd(" " + text);

    private static string Inside(string text, string other) => text.Insert(text.Length / 2, other);

    private static string SetSpareBit(string text, int bit) => text[..^1] + Alphabet[Alphabet.IndexOf(text[^1]) | bit];

    private static string Until(Func<string> make, Func<string, bool> isRight)
    {
        for (int attempt = 0; attempt < 1000; attempt++)
        {
            if (make() is { } made && isRight(made))
                return made;
        }
        throw new InvalidOperationException("not in a thousand attempts");
    }
}
