using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Tests.Attacks;

/// <summary>The key that is to check the token, given by the token itself: put in, or named.</summary>
internal static partial class AlgorithmAttacks
{
    private static IEnumerable<Attack> EmbeddedKeys =>
    [
        .. from attacker in new (string Name, string Algorithm, Func<JsonObject> Key, Func<byte[], byte[]> Sign)[]
           {
               ("RSA", "RS256", () => new JsonObject
               {
                   ["kty"] = "RSA",
                   ["n"] = Forge.Encode(AttackerRsa.ExportParameters(false).Modulus!),
                   ["e"] = Forge.Encode(AttackerRsa.ExportParameters(false).Exponent!),
               }, input => AttackerRsa.SignData(input, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)),
               ("EC", "ES256", () => new JsonObject
               {
                   ["kty"] = "EC",
                   ["crv"] = "P-256",
                   ["x"] = Forge.Encode(AttackerEcdsa.ExportParameters(false).Q.X!),
                   ["y"] = Forge.Encode(AttackerEcdsa.ExportParameters(false).Q.Y!),
               }, input => AttackerEcdsa.SignData(input, HashAlgorithmName.SHA256)),
               ("oct", "HS256", () => new JsonObject
               {
                   ["kty"] = "oct",
                   ["k"] = Forge.Encode(AttackerSecret),
               }, input => HMACSHA256.HashData(AttackerSecret, input)),
           }
           from kid in new[] { "the service's", "the attacker's", "no" }
           select new Attack("ALG-19", $"embedded {attacker.Name} jwk that signed it, {kid} kid", forge =>
           {
               JsonObject header = forge.Header(), key = attacker.Key();
               header["alg"] = attacker.Algorithm;
               if (kid == "the attacker's")
                   header["kid"] = "attacker";
               else if (kid == "no")
                   header.Remove("kid");
               key["kid"] = header["kid"]?.DeepClone();
               header["jwk"] = key;
               return Forge.SignBy(attacker.Sign, header.ToJsonString(), forge.ClaimsText());
           }),
        new("ALG-19", "the service's own public key embedded", forge =>
            forge.WithHeader("jwk", Encoding.UTF8.GetString(ServedKey(forge))), Only: SignatureAlgorithm.RS256),
        .. new[] { "jwk", "jku", "x5u", "x5c" }.SelectMany(member => new[] { "{}", "null", "\"https://127.0.0.1:1/keys\"", "[\"MIIB\"]" },
            (member, json) =>
                new Attack("ALG-21", $"{member} {json} beside a signature that fits", forge => forge.WithHeader(member, json))),
    ];

    private static IEnumerable<Attack> KeyIds =>
    [
        .. new (string Row, string Name, Func<string, string?> Json)[]
        {
            ("ALG-23", "a path to nothing", _ => "\"../../../../dev/null\""), ("ALG-23", "an absolute path", _ => "\"/dev/null\""),
            ("ALG-23", "/proc/self/environ", _ => "\"/proc/self/environ\""), ("ALG-23", "a Windows path", _ => "\"C:\\\\x\""),
            ("ALG-23", "a file URL", _ => "\"file:///dev/null\""),
            ("ALG-23", "a path to itself", kid => $"\"./{kid}\""), ("ALG-23", "a path that ends in it", kid => $"\"/keys/{kid}\""),
            ("ALG-24", "SQL", _ => "\"x' UNION SELECT 'a'--\""), ("ALG-24", "SQL that is always true", _ => "\"' OR '1'='1\""),
            ("ALG-24", "a pattern that fits", _ => "\"%\""),
            ("ALG-24", "it and a comment", kid => $"\"{kid}'--\""),
            ("ALG-25", "a command behind a pipe", _ => "\"|sleep 10\""), ("ALG-25", "a command in $()", _ => "\"$(sleep 10)\""),
            ("ALG-25", "a command in backticks", _ => "\"`sleep 10`\""),
            ("ALG-25", "it and a command", kid => $"\"{kid};sleep 10\""),
            ("ALG-27", "absent", _ => null), ("ALG-27", "a number", _ => "1"), ("ALG-27", "a list", kid => $"[\"{kid}\"]"),
            ("ALG-27", "an object", kid => $"{{\"kid\":\"{kid}\"}}"),
            ("ALG-27", "null", _ => "null"), ("ALG-27", "true", _ => "true"), ("ALG-27", "empty", _ => "\"\""),
            ("ALG-27", "4,000 characters", _ => $"\"{new string('k', 4000)}\""),
            ("ALG-27", "with NUL behind", kid => $"\"{kid}\\u0000\""), ("ALG-27", "with NUL before", kid => $"\"\\u0000{kid}\""),
            ("ALG-27", "with a blank behind", kid => $"\"{kid} \""),
            ("ALG-27", "with a blank before", kid => $"\" {kid}\""), ("ALG-27", "in the other case", kid => $"\"{OtherCase(kid)}\""),
            ("ALG-27", "cut by one", kid => $"\"{kid[..^1]}\""),
            ("ALG-27", "longer by one", kid => $"\"{kid}A\""), ("ALG-27", "twice in one", kid => $"\"{kid}{kid}\""),
            ("ALG-27", "with = behind", kid => $"\"{kid}=\""),
            ("ALG-27", "with an invisible character", kid => $"\"{kid}\\u200b\""),
            ("ALG-27", "another key's", _ => "\"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs\""),
            ("ALG-27", "a lone surrogate", _ => "\"\\ud800\""),
        }.Select(kid => new Attack(
            kid.Row, $"kid {kid.Name}, otherwise signed as it should be", forge => forge.WithHeader("kid", kid.Json(forge.Key.KeyId)))),
        new("ALG-27", "kid with an escaped letter is the same text", forge =>
            forge.WithHeader("kid", $"\"\\u{(int)forge.Key.KeyId[0]:x4}{forge.Key.KeyId[1..]}\""), IsAccepted: true),
        .. new (string Row, string Kid, byte[] Secret)[]
        {
            ("ALG-23", "../../../../dev/null", []), ("ALG-23", "../../../../dev/null", [0]), ("ALG-23", "/dev/null", []),
            ("ALG-23", "/proc/sys/kernel/randomize_va_space", Ascii("2\n")),
            ("ALG-24", "x' UNION SELECT 'a'--", Ascii("a")), ("ALG-24", "x' UNION SELECT 'YQ'--", Ascii("a")), ("ALG-25", "|sleep 10", []),
            ("ALG-27", "", []),
        }.Select(fake => new Attack(
            fake.Row, $"kid {fake.Kid}, HS256 keyed with the {fake.Secret.Length} bytes that it would give", forge => Forge.Mac(
                new JsonObject { ["alg"] = "HS256", ["kid"] = fake.Kid, ["typ"] = "at+jwt" }.ToJsonString(), forge.ClaimsText(),
                fake.Secret))),
    ];

    private static byte[] ServedKey(Forge forge) =>
        Encoding.UTF8.GetBytes(JsonNode.Parse(forge.JsonWebKeySet)!["keys"]![0]!.ToJsonString());

    private static string OtherCase(string text) =>
        string.Concat(text.Select(letter => char.IsUpper(letter) ? char.ToLowerInvariant(letter) : char.ToUpperInvariant(letter)));
}
