using System.Net;
using System.Text;
using System.Text.Json;

namespace JwtAuth.Tests.Attacks;

/// <summary>Area JSN: JSON parsing. Everything is correctly signed, so that nothing but the JSON can refuse it.</summary>
internal static class JsonAttacks
{
    public static IEnumerable<Attack> Cases => [.. Duplicates, .. Depths, .. Encodings, .. Syntax, .. Roots, .. Counts, .. FrameworkNames];

    private static IEnumerable<Attack> Duplicates =>
    [
        .. new (string Name, Func<string, string, string> Text)[]
        {
            ("alg none first", (text, _) => Forge.Prepend(text, "\"alg\":\"none\"")),
            ("alg none last", (text, _) => Forge.Append(text, "\"alg\":\"none\"")),
            ("the same alg twice", (text, alg) => Forge.Append(text, $"\"alg\":\"{alg}\"")),
            ("alg again with an escape", (text, alg) => Forge.Append(text, $"\"\\u0061lg\":\"{alg}\"")),
            ("alg before with an escape", (text, alg) => Forge.Prepend(text, $"\"a\\u006cg\":\"{alg}\"")),
            ("kid twice", (text, _) => Forge.Prepend(text, "\"kid\":\"other\"")),
            ("typ twice", (text, _) => Forge.Append(text, "\"typ\":\"at+jwt\"")),
            ("an unknown member twice", (text, _) => Forge.Append(text, "\"x\":1,\"x\":1")),
            ("duplicates in an unknown member", (text, _) => Forge.Append(text, "\"x\":{\"a\":1,\"a\":1}")),
        }.Select(header => new Attack(
            "JSN-01", $"header with {header.Name}", forge => forge.WithHeaderText(text => header.Text(text, $"{forge.Key.Algorithm}")))),
        .. from member in new[] { "\"sub\":\"admin\"", "\"aud\":\"orders\"", "\"iss\":\"http://evil.example\"", "\"exp\":1", "\"iat\":1",
            "\"jti\":\"1\"", "\"roles\":[\"admin\"]", "\"gen\":0", "\"client_id\":\"x\"", "\"s\\u0075b\":\"admin\"" }
           from end in new (string Name, Func<string, string, string> Add)[] { ("first", Forge.Prepend), ("last", Forge.Append) }
           select new Attack("JSN-03", $"a second {member} {end.Name}", forge => forge.WithClaimsText(text => end.Add(text, member))),
        .. new[]
        {
            "\"scope\":\"a\",\"scope\":\"orders:write\"", "\"x\":1,\"x\":1", "\"x\":{\"a\":1,\"a\":2}", "\"x\":[{\"a\":1,\"a\":2}]",
            "\"x\":{\"y\":{\"z\":[0,{\"a\":1,\"b\":2,\"\\u0061\":3}]}}", "\"x\":{\"\":1,\"\":2}", "\"x\\/y\":1,\"x/y\":2",
            "\"\U0001F511\":1,\"\\ud83d\\udd11\":2", "\"\\n\":1,\"\\u000a\":2", "\"x\\u0000\":1,\"x\\u0000\":2",
            "\"x\":{\"a\":{\"b\":1},\"a\":{\"b\":1}}", "\"x\":{\"a\":[],\"b\":{\"a\":1},\"a\":1}",
        }.Select(
            members => new Attack("JSN-03", $"{Visible(members)}", forge => forge.WithClaimsText(text => Forge.Append(text, members)))),
        .. new[]
        {
            "\"x\":{\"sub\":1,\"aud\":{\"sub\":2}},\"y\":[{\"sub\":1},{\"sub\":1}]", "\"Sub\":\"admin\",\"SUB\":\"admin\"",
            "\"\u00e9\":1,\"e\u0301\":2", "\"x\":1,\"x\\u0000\":2", "\"\":1,\" \":2",
        }.Select(members => new Attack("JSN-03", $"no duplicates: {Visible(members)}", forge =>
            forge.WithClaimsText(text => Forge.Append(text, members)), IsAccepted: true)),
    ];

    private static IEnumerable<Attack> Depths =>
    [
        .. from depth in new[] { 65, 100, 1000, 10_000 }
           from kind in Nests
           from part in Parts
           select new Attack("JSN-07", $"{depth} levels of {kind.Name} in the {part.Name}", forge =>
               part.Add(forge, $"\"x\":{Nest(kind.Open, kind.Close, depth - 1)}"),
               Http: depth == 10_000 && kind.Name == "objects" ? HttpStatusCode.RequestHeaderFieldsTooLarge : null),
        .. from kind in Nests
           from part in Parts
           select new Attack("JSN-07", $"64 levels of {kind.Name} in the {part.Name}", forge =>
               part.Add(forge, $"\"x\":{Nest(kind.Open, kind.Close, 63)}"), IsAccepted: true),
        .. from part in Parts
           select new Attack(
               "JSN-07", $"4,000 lists that nobody closes in the {part.Name}", forge => part.Add(forge, $"\"x\":{new string('[', 4000)}")),
    ];

    private static IEnumerable<Attack> Encodings =>
    [
        // Bytes that are not UTF-8, each character standing for one byte.
        .. from bytes in new[] { "\xff", "\xfe", "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xe2\x82",
            "\xf0\x9f\x94", "\xed\xa0\x80", "\xed\xa0\xbd\xed\xb4\x91", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xe9" }
           from place in new (string Name, string Member)[] { ("a value", "\"x\":\"*\""), ("a name", "\"*\":1"),
               ("a nested value", "\"x\":[{\"y\":\"a*b\"}]"), ("sub", "\"sub\":\"*\"") }
           from part in Parts
           where part.Name == "claims" || place.Name != "sub"
           select new Attack(
               "JSN-08", $"bytes {Convert.ToHexString(Encoding.Latin1.GetBytes(bytes))} in {place.Name} of the {part.Name}", forge =>
           {
               byte[] header = Encoding.UTF8.GetBytes(forge.HeaderText()),
                   claims = Encoding.UTF8.GetBytes(place.Name == "sub" ? Forge.Set(forge.Claims(), "sub", null) : forge.ClaimsText());
               byte[] member = Encoding.Latin1.GetBytes($",{place.Member.Replace("*", bytes, StringComparison.Ordinal)}}}");
               return part.Name == "header"
                   ? forge.Sign([.. header[..^1], .. member], claims)
                   : forge.Sign(header, [.. claims[..^1], .. member]);
           }),
        .. from encoding in new (string Name, Encoding Encoding, bool Marked)[]
           {
               ("UTF-8 with a byte order mark", Encoding.UTF8, true), ("UTF-16", Encoding.Unicode, false),
               ("UTF-16 with a mark", Encoding.Unicode, true), ("UTF-16 big-endian", Encoding.BigEndianUnicode, false),
               ("UTF-16 big-endian with a mark", Encoding.BigEndianUnicode, true), ("UTF-32", Encoding.UTF32, false),
               ("UTF-32 with a mark", Encoding.UTF32, true),
           }
           from part in Parts
           select new Attack("JSN-09", $"{part.Name} in {encoding.Name}", forge =>
           {
               byte[] mark = encoding.Marked ? encoding.Encoding.GetPreamble() : [];
               return part.Name == "header"
                   ? forge.Sign([.. mark, .. encoding.Encoding.GetBytes(forge.HeaderText())], Encoding.UTF8.GetBytes(forge.ClaimsText()))
                   : forge.Sign(Encoding.UTF8.GetBytes(forge.HeaderText()), [.. mark, .. encoding.Encoding.GetBytes(forge.ClaimsText())]);
           }),
        .. from surrogates in new[] { @"\ud800", @"\uD800", @"\udc00", @"a\udbff", @"\ud800\ud800", @"\udd11\ud83d", @"\ud800x\udc00",
            @"\ud83d\u0041" }
           from place in new[] { "\"x\":\"*\"", "\"*\":1", "\"x\":{\"y\":[\"*\"]}", "\"x\":{\"*\":1}" }
           from part in Parts
           select new Attack("JSN-10", $"{place.Replace("*", surrogates, StringComparison.Ordinal)} in the {part.Name}", forge =>
               part.Add(forge, place.Replace("*", surrogates, StringComparison.Ordinal))),
        .. new[] { "iss", "sub", "aud", "jti", "client_id", "username", "scope" }.Select(
            claim => new Attack("JSN-10", $"a lone surrogate in {claim}", forge => forge.WithClaim(claim, "\"\\uD800\""))),
        new("JSN-10", "a pair of surrogates", forge => forge.WithClaim("x\U0001F511", "\"\\ud83d\\udd11\""), IsAccepted: true),
        .. from claim in new[] { "sub", "jti", "client_id", "sid", "username", "iss", "aud" }
           from control in new[] { "\\u0000", "\\r\\nX: y", "\\u001b[31m", "\\t", "\\u007f", "\\u0085" }
           select new Attack("JSN-11", $"{control} in {claim}", forge =>
               forge.WithClaim(claim, $"{forge.Claims()[claim]!.ToJsonString()[..^1]}{control}admin\"")),
        .. new[] { "\\u0000", "\\n" }.Select(
            control => new Attack("JSN-11", $"{control} in a role", forge => forge.WithClaim("roles", $"[\"admin{control}\"]"))),
        .. from code in new[] { 0, 1, 9, 10, 13, 27, 31 }
           from part in Parts
           select new Attack("JSN-11", $"raw control character {code} in a string of the {part.Name}", forge =>
               part.Add(forge, $"\"x\":\"a{(char)code}b\"")),
    ];

    private static IEnumerable<Attack> Syntax =>
    [
        .. from text in new[]
           {
               "// c\n\"x\":1", "/* c */\"x\":1", "\"x\":1/**/", "# c\n\"x\":1", "\"x\":1,", ",\"x\":1", "'x':1", "\"x\":'y'", "x:1",
               "\"x\":NaN", "\"x\":Infinity", "\"x\":-Infinity", "\"x\":01", "\"x\":-01", "\"x\":.5",
               "\"x\":5.", "\"x\":+1", "\"x\":0x10", "\"x\":1e", "\"x\":1e+", "\"x\":1_000", "\"x\":1n", "\"x\":--1", "\"x\":True",
               "\"x\":nul", "\"x\":undefined", "\"x\":", "\"x\"", "\"x\":1 \"y\":2", "\"x\":1;\"y\":2",
               "\"x\"=1", "\"x\":\"\\x41\"", "\"x\":\"\\u00g0\"", "\"x\":\"\\u00\"", "\"x\":\"\\'\"", "\"x\":\"unclosed", "\"x\":[1,]",
               "\"x\":[1 2]", "\"x\":[1}", "\"x\":{]", "\"x\":{\"y\":1,}", "1:1", "null:1", "\"x\":1\u00a0", "\"x\":1\u2028", "\"x\":\f1",
               "...{}",
           }
           from part in Parts
           select new Attack("JSN-12", $"{Visible(text)} in the {part.Name}", forge => part.Add(forge, text)),
        .. from text in new[] { "x", "{}", "[]", ",", "}", "\"", "\0", "//", " null", "\n{\"sub\":\"admin\"}" }
           from part in Parts
           select new Attack("JSN-12", $"{Visible(text)} behind the {part.Name}", forge =>
               part.Name == "header" ? forge.WithHeaderText(old => old + text) : forge.WithClaimsText(old => old + text)),
        .. from text in new[] { " ", "\t", "\r\n" }
           from part in Parts
           select new Attack("JSN-12", $"white space {Visible(text)} around the {part.Name}", forge => part.Name == "header"
               ? forge.WithHeaderText(old => text + old + text)
               : forge.WithClaimsText(old => text + old + text), IsAccepted: true),
    ];

    private static IEnumerable<Attack> Roots =>
    [
        .. from text in new[] { "", "[]", "null", "true", "\"str\"", "1", "{}", "{", "}", "[{}]", " ", "{\"\":{}}", "\"{}\"" }
           from part in Parts
           select new Attack(part.Name == "header" ? "JSN-14" : "JSN-13", $"{part.Name} is {Visible(text)}", forge =>
               part.Name == "header" ? forge.WithHeaderText(_ => text) : forge.WithClaimsText(_ => text)),
        .. from part in Parts
           select new Attack(part.Name == "header" ? "JSN-14" : "JSN-13", $"{part.Name} in a list", forge =>
               part.Name == "header" ? forge.WithHeaderText(text => $"[{text}]") : forge.WithClaimsText(text => $"[{text}]")),
        .. from part in Parts
           select new Attack(part.Name == "header" ? "JSN-14" : "JSN-13", $"{part.Name} as a string", forge =>
               part.Name == "header" ? forge.WithHeaderText(InString) : forge.WithClaimsText(InString)),
        new("JSN-14", "4 KB of unknown header members", forge =>
            forge.WithHeaderText(text => Forge.Append(text, Members(400, number => $"y{number:d3}"))), IsAccepted: true),
        new("JSN-14", "one unknown header member of 4 KB", forge =>
            forge.WithHeaderText(text => Forge.Append(text, $"\"x\":\"{new string('y', 4096)}\"")), IsAccepted: true),
    ];

    // A live token has 12 claims and 3 header members.
    private static IEnumerable<Attack> Counts =>
    [
        new("JSN-15", "512 claims", forge =>
            forge.WithClaimsText(text => Forge.Append(text, Members(500, number => $"{number:x3}"))), IsAccepted: true),
        new("JSN-15", "513 claims", forge => forge.WithClaimsText(text => Forge.Append(text, Members(501, number => $"{number:x3}")))),
        new("JSN-15", "600 claims", forge => forge.WithClaimsText(text => Forge.Append(text, Members(600, number => $"{number:x3}")))),
        new("JSN-15", "1,500 claims", forge => forge.WithClaimsText(text => Forge.Append(text, Members(1500, number => $"{number:x3}")))),
        new("JSN-15", "100,000 claims", forge => forge.WithClaimsText(text =>
            Forge.Append(text, Members(100_000, number => $"{number:x5}"))), Http: HttpStatusCode.RequestHeaderFieldsTooLarge),
        new("JSN-15", "512 header members", forge =>
            forge.WithHeaderText(text => Forge.Append(text, Members(509, number => $"{number:x3}"))), IsAccepted: true),
        new("JSN-15", "513 header members", forge =>
            forge.WithHeaderText(text => Forge.Append(text, Members(510, number => $"{number:x3}")))),
        new("JSN-15", "513 members of a nested object and what encloses it", forge =>
            forge.WithClaimsText(text => Forge.Append(text, $"\"x\":{{{Members(500, number => $"{number:x3}")}}}"))),
        new("JSN-15", "names of one hash", forge =>
            forge.WithClaimsText(text => Forge.Append(text, Members(250, OfOneHash))), IsAccepted: true),
        new("JSN-15", "names of one hash, the last of them twice", forge =>
            forge.WithClaimsText(text => Forge.Append(text, $"{Members(250, OfOneHash)},\"{OfOneHash(249)}\":0"))),
    ];

    private static IEnumerable<Attack> FrameworkNames =>
        new[]
        {
            "\"$type\":\"System.Diagnostics.Process, System.Diagnostics.Process\"", "\"$ref\":\"#\"", "\"$id\":\"1\",\"$values\":[]",
            "\"__proto__\":{\"roles\":[\"admin\"]}", "\"constructor\":{\"prototype\":{\"roles\":[\"admin\"]}}",
            "\"@type\":\"java.lang.Runtime\"", "\"role\":\"admin\"", "\"groups\":[\"admin\"]",
            "\"http://schemas.microsoft.com/ws/2008/06/identity/claims/role\":\"admin\"",
        }.Select(
            members => new Attack("JSN-16", members, forge => forge.WithClaimsText(text => Forge.Append(text, members)), IsAccepted: true));

    private static IEnumerable<(string Name, Func<Forge, string, string> Add)> Parts =>
    [
        ("header", (forge, members) => forge.WithHeaderText(text => Forge.Append(text, members))),
        ("claims", (forge, members) => forge.WithClaimsText(text => Forge.Append(text, members))),
    ];

    private static IEnumerable<(string Name, string Open, string Close)> Nests => [("lists", "[", "]"), ("objects", "{\"a\":", "}")];

    private static string Nest(string open, string close, int levels) =>
        $"{string.Concat(Enumerable.Repeat(open, levels))}{(open == "[" ? "" : "0")}{string.Concat(Enumerable.Repeat(close, levels))}";

    private static string Members(int count, Func<int, string> name) =>
        string.Join(',', Enumerable.Range(0, count).Select(number => $"\"{name(number)}\":0"));

    // h = 31 h + c gives Aa and BB the same hash.
    private static string OfOneHash(int number) =>
        string.Concat(Enumerable.Range(0, 8).Select(bit => (number >> bit & 1) == 0 ? "Aa" : "BB"));

    private static string InString(string text) => JsonSerializer.Serialize(text);

    // For the name of a case: what cannot be seen is written out.
    private static string Visible(string text) => text.Length == 0
        ? "nothing"
        : string.Concat(text.Select(letter => letter is > ' ' and <= '~' ? $"{letter}" : $"<{(int)letter:X}>"));
}
