using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Tests.Attacks;

/// <summary>Area ALG: the JOSE header and the algorithm.</summary>
internal static partial class AlgorithmAttacks
{
    private static readonly RSA AttackerRsa = RSA.Create(2048);
    private static readonly ECDsa AttackerEcdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly byte[] AttackerSecret = RandomNumberGenerator.GetBytes(32);

    public static IEnumerable<Attack> Cases =>
        [.. Unsigned, .. Names, .. Secrets, .. OtherAlgorithms, .. EmbeddedKeys, .. KeyIds, .. Extensions, .. Types, .. Encrypted];

    // alg is given as JSON text.
    private static IEnumerable<Attack> Unsigned =>
        from alg in new (string Row, string Json)[]
        {
            ("ALG-01", "\"none\""),
            ("ALG-02", "\"None\""), ("ALG-02", "\"NONE\""), ("ALG-02", "\"nOnE\""), ("ALG-02", "\"noNE\""),
            ("ALG-03", "\"none \""), ("ALG-03", "\" none\""), ("ALG-03", "\"\\tnone\""), ("ALG-03", "\"none\\u0000\""),
            ("ALG-03", "\"\\u006eone\""),
            ("ALG-03", "\"\""), ("ALG-03", "null"), ("ALG-03", "\"n\\u00f6ne\""),
        }
        from third in new (string Name, Func<string, string> Token)[]
        {
            ("an empty third part", token => token[..(token.LastIndexOf('.') + 1)]),
            ("no third part", token => token[..token.LastIndexOf('.')]),
            ("a third part of zeros", token => $"{token[..token.LastIndexOf('.')]}.AAAA"),
            ("a signature that fits", token => token),
        }
        select new Attack(alg.Row, $"alg {alg.Json} with {third.Name}", forge => third.Token(forge.WithHeader("alg", alg.Json)));

    private static IEnumerable<Attack> Names =>
    [
        .. new (string Name, Func<string, string?> Json)[]
        {
            ("absent", _ => null), ("null", _ => "null"), ("a number", _ => "5"), ("a list", name => $"[\"{name}\"]"),
            ("an object", name => $"{{\"alg\":\"{name}\"}}"), ("true", _ => "true"),
        }.Select(alg => new Attack("ALG-05", $"alg {alg.Name}", forge => forge.WithHeader("alg", alg.Json($"{forge.Key.Algorithm}")))),
        .. new (string Name, Func<string, string> Text)[]
        {
            ("in small letters", name => name.ToLowerInvariant()),
            ("in mixed letters", name => $"{name[0]}{char.ToLowerInvariant(name[1])}{name[2..]}"),
            ("with a blank behind", name => name + " "), ("with a blank before", name => " " + name),
            ("with NUL behind", name => name + "\\u0000"),
            ("with a line break behind", name => name + "\\n"), ("twice in one", name => name + name),
            ("in wide letters", name => $"\\uff32{name[1..]}"),
        }.Select(
            alg => new Attack("ALG-06", $"alg {alg.Name}", forge => forge.WithHeader("alg", $"\"{alg.Text($"{forge.Key.Algorithm}")}\""))),
        new("ALG-06", "alg with an escaped letter is the same text", forge =>
            forge.WithHeader("alg", $"\"\\u00{(int)$"{forge.Key.Algorithm}"[0]:x2}{$"{forge.Key.Algorithm}"[1..]}\""), IsAccepted: true),
        .. new[]
        {
            "RS384", "RS512", "PS256", "ES384", "ES512", "ES256K", "HS384", "HS512", "EdDSA", "Ed25519", "ML-DSA-44", "HS1", "RS1", "dir",
            "A128KW", "RSA1_5", "SHA256withRSA", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        }.Select(name => new Attack(
            "ALG-13", $"alg {name} over a signature of the key's own algorithm", forge => forge.WithHeader("alg", $"\"{name}\""))),
        .. Enum.GetValues<SignatureAlgorithm>().SelectMany(named => Enum.GetValues<SignatureAlgorithm>().Where(own => own != named)
            .Select(own => new Attack(
                "ALG-14", $"alg {named} over a signature by {own}", forge => forge.WithHeader("alg", $"\"{named}\""), Only: own))),
    ];

    // The public half of a key, or nothing at all, taken for a secret.
    private static IEnumerable<Attack> Secrets =>
        new (string Row, string Name, SignatureAlgorithm? Only, Func<Forge, byte[]> Secret)[]
        {
            ("ALG-08", "SPKI PEM", SignatureAlgorithm.RS256, forge => Ascii(Rsa(forge).ExportSubjectPublicKeyInfoPem())),
            ("ALG-08", "SPKI PEM with a line break behind", SignatureAlgorithm.RS256, forge =>
                Ascii(Rsa(forge).ExportSubjectPublicKeyInfoPem() + "\n")),
            ("ALG-08", "SPKI PEM with CR LF", SignatureAlgorithm.RS256, forge =>
                Ascii(Rsa(forge).ExportSubjectPublicKeyInfoPem().Replace("\n", "\r\n", StringComparison.Ordinal))),
            ("ALG-08", "SPKI DER", SignatureAlgorithm.RS256, forge => Rsa(forge).ExportSubjectPublicKeyInfo()),
            ("ALG-08", "PKCS #1 PEM", SignatureAlgorithm.RS256, forge => Ascii(Rsa(forge).ExportRSAPublicKeyPem())),
            ("ALG-08", "PKCS #1 PEM with a line break behind", SignatureAlgorithm.RS256, forge =>
                Ascii(Rsa(forge).ExportRSAPublicKeyPem() + "\n")),
            ("ALG-08", "PKCS #1 DER", SignatureAlgorithm.RS256, forge => Rsa(forge).ExportRSAPublicKey()),
            ("ALG-08", "modulus", SignatureAlgorithm.RS256, forge => Rsa(forge).ExportParameters(false).Modulus!),
            ("ALG-08", "modulus as text", SignatureAlgorithm.RS256, forge =>
                Ascii(Forge.Encode(Rsa(forge).ExportParameters(false).Modulus!))),
            ("ALG-08", "RSA JWK text as served", SignatureAlgorithm.RS256, ServedKey),
            ("ALG-08", "JWKS text as served", null, forge => forge.JsonWebKeySet),
            ("ALG-08", "kid", null, forge => Ascii(forge.Key.KeyId)),
            ("ALG-09", "SPKI PEM", SignatureAlgorithm.ES256, forge => Ascii(Ecdsa(forge).ExportSubjectPublicKeyInfoPem())),
            ("ALG-09", "SPKI PEM with a line break behind", SignatureAlgorithm.ES256, forge =>
                Ascii(Ecdsa(forge).ExportSubjectPublicKeyInfoPem() + "\n")),
            ("ALG-09", "SPKI DER", SignatureAlgorithm.ES256, forge => Ecdsa(forge).ExportSubjectPublicKeyInfo()),
            ("ALG-09", "public point, uncompressed", SignatureAlgorithm.ES256, forge => [4, .. Point(forge).X!, .. Point(forge).Y!]),
            ("ALG-09", "public point, compressed", SignatureAlgorithm.ES256, forge =>
                [(byte)(2 + (Point(forge).Y![31] & 1)), .. Point(forge).X!]),
            ("ALG-09", "both coordinates", SignatureAlgorithm.ES256, forge => [.. Point(forge).X!, .. Point(forge).Y!]),
            ("ALG-09", "x coordinate", SignatureAlgorithm.ES256, forge => Point(forge).X!),
            ("ALG-09", "EC JWK text as served", SignatureAlgorithm.ES256, ServedKey),
            ("ALG-10", "nothing", null, _ => []),
            ("ALG-10", "one zero byte", null, _ => [0]),
            ("ALG-10", "32 zero bytes", null, _ => new byte[32]),
            ("ALG-10", "64 zero bytes", null, _ => new byte[64]),
            ("ALG-10", "the word secret", null, _ => Ascii("secret")),
            ("ALG-10", "your-256-bit-secret", null, _ => Ascii("your-256-bit-secret")),
            ("ALG-10", "the issuer", null, forge => Ascii(forge.Issuer)),
        }.Select(secret => new Attack(secret.Row, $"HS256 keyed with {secret.Name}", forge =>
            Forge.Mac(Forge.Set(forge.Header(), "alg", "\"HS256\""), forge.ClaimsText(), secret.Secret(forge)), Only: secret.Only));

    private static IEnumerable<Attack> OtherAlgorithms =>
    [
        .. new (string Name, SignatureAlgorithm Only, Func<Forge, byte[], byte[]> Sign)[]
        {
            ("RS384", SignatureAlgorithm.RS256, (forge, input) =>
                Rsa(forge).SignData(input, HashAlgorithmName.SHA384, RSASignaturePadding.Pkcs1)),
            ("RS512", SignatureAlgorithm.RS256, (forge, input) =>
                Rsa(forge).SignData(input, HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1)),
            ("PS256", SignatureAlgorithm.RS256, (forge, input) =>
                Rsa(forge).SignData(input, HashAlgorithmName.SHA256, RSASignaturePadding.Pss)),
            ("RS1", SignatureAlgorithm.RS256, (forge, input) =>
                Rsa(forge).SignData(input, HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1)),
            ("ES384", SignatureAlgorithm.ES256, (forge, input) => Ecdsa(forge).SignData(input, HashAlgorithmName.SHA384)),
            ("ES512", SignatureAlgorithm.ES256, (forge, input) => Ecdsa(forge).SignData(input, HashAlgorithmName.SHA512)),
            ("HS384", SignatureAlgorithm.HS256, (forge, input) => HMACSHA384.HashData(forge.Key.ExportPrivate(), input)),
            ("HS512", SignatureAlgorithm.HS256, (forge, input) => HMACSHA512.HashData(forge.Key.ExportPrivate(), input)),
        }.SelectMany(other => new[] { other.Name, $"{other.Only}" }, (other, named) => new Attack(
            "ALG-13", $"{other.Name} by the right key, called {named}", forge =>
            Forge.SignBy(input => other.Sign(forge, input), Forge.Set(forge.Header(), "alg", $"\"{named}\""), forge.ClaimsText()),
                Only: other.Only)),
        new("ALG-16", "ES256 signature in DER", forge => Forge.SignBy(
            input => Ecdsa(forge).SignData(input, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence), forge.HeaderText(),
            forge.ClaimsText()), Only: SignatureAlgorithm.ES256),
        new("ALG-16", "the same signature as r and s is a live token", forge => Forge.SignBy(
            input => Ecdsa(forge).SignData(input, HashAlgorithmName.SHA256), forge.HeaderText(), forge.ClaimsText()), IsAccepted: true,
                Only: SignatureAlgorithm.ES256),
    ];

    private static IEnumerable<Attack> Extensions =>
    [
        .. new (string Row, string Members)[]
        {
            ("ALG-29", """ "crit":["bork"],"bork":1 """), ("ALG-29", """ "crit":["exp"],"exp":1 """),
            ("ALG-29", """ "crit":["http://example.com/a"],"http://example.com/a":true """),
            ("ALG-29", """ "cri\u0074":["bork"],"bork":1 """),
            ("ALG-30", """ "crit":["b64"],"b64":false """), ("ALG-30", """ "b64":false """), ("ALG-30", """ "b64":true """),
            ("ALG-30", """ "crit":["b64"],"b64":true """),
            ("ALG-31", """ "crit":[] """), ("ALG-31", """ "crit":"exp" """), ("ALG-31", """ "crit":["exp"] """),
            ("ALG-31", """ "crit":["bork","bork"],"bork":1 """),
            ("ALG-31", """ "crit":[5] """), ("ALG-31", """ "crit":null """), ("ALG-31", """ "crit":["alg"] """),
            ("ALG-31", """ "crit":["kid","typ"] """),
            ("ALG-31", """ "crit":{} """), ("ALG-31", """ "crit":true """), ("ALG-31", """ "crit":[""] """),
            ("ALG-31", """ "crit":["crit"] """),
        }.SelectMany(header => new[]
        {
            new Attack(
                header.Row, $"{header.Members.Trim()} last", forge => forge.WithHeaderText(text => Forge.Append(text, header.Members))),
            new Attack(
                header.Row, $"{header.Members.Trim()} first", forge => forge.WithHeaderText(text => Forge.Prepend(text, header.Members))),
        }),
        new("ALG-30", "an unencoded payload (RFC 7797)", forge =>
            forge.SignParts(Forge.Encode(Forge.Append(forge.HeaderText(), """ "crit":["b64"],"b64":false """)), forge.ClaimsText())),
        new("ALG-30", "an unencoded payload that nobody announces", forge =>
            forge.SignParts(Forge.Encode(forge.HeaderText()), forge.ClaimsText())),
        new("ALG-29", "a member called Crit means nothing", forge => forge.WithHeader("Crit", "[\"bork\"]"), IsAccepted: true),
    ];

    private static IEnumerable<Attack> Types =>
    [
        .. new[] { "\"application/at+jwt\"", "\"AT+JWT\"", "\"At+Jwt\"", "\"Application/AT+JWT\"", "\"at\\u002bjwt\"" }
            .Select(json => new Attack("ALG-33", $"typ {json}", forge => forge.WithHeader("typ", json), IsAccepted: true)),
        .. new[]
        {
            null, "null", "1", "[\"at+jwt\"]", "{}", "\"\"", "\"JWT\"", "\"jwt\"", "\"application/jwt\"", "\"at+jwt \"", "\" at+jwt\"",
            "\"at+jwt;v=1\"", "\"text/at+jwt\"", "\"application/\"", "\"application/application/at+jwt\"", "\"/at+jwt\"", "\"at jwt\"",
            "\"at%2Bjwt\"", "\"at+jwt\\u0000\"", "\"at+jwt,JWT\"", "\"\\u212at+jwt\"", "\"JOSE\"", "\"at+jwe\"",
        }.Select(json => new Attack("ALG-35", $"typ {json ?? "absent"}", forge => forge.WithHeader("typ", json))),
        .. new[] { "refresh+jwt", "rt+jwt", "client-authentication+jwt", "dpop+jwt", "logout+jwt", "secevent+jwt",
            "token-introspection+jwt", "oauth-authz-req+jwt", "id+jwt", "reset+jwt" }
            .Select(type => new Attack("ALG-35", $"another kind of JWT: {type}", forge => forge.WithHeader("typ", $"\"{type}\""))),
        .. new[] { "\"JWT\"", null }.Select(type => new Attack("ALG-34", $"an ID token, typ {type ?? "absent"}", forge =>
            forge.Sign(Forge.Set(forge.Header(), "typ", type), IdToken(forge, "spa")))),
        new("ALG-34", "an ID token for a client of the API's name", forge =>
            forge.Sign(Forge.Set(forge.Header(), "typ", "\"JWT\""), IdToken(forge, "orders"))),
        new("ALG-34", "an ID token that calls itself an access token", forge => forge.Sign(forge.HeaderText(), IdToken(forge, "orders"))),
        new("ALG-35", "a client assertion (RFC 7523)", forge => forge.Sign(Forge.Set(forge.Header(), "typ", "\"JWT\""), new JsonObject
        {
            ["iss"] = "spa", ["sub"] = "spa", ["aud"] = forge.Issuer, ["iat"] = forge.Now, ["exp"] = forge.Now + 60, ["jti"] = "1",
        }.ToJsonString())),
    ];

    private static IEnumerable<Attack> Encrypted =>
    [
        new("ALG-36", "a JWE to the service's key around an unsigned JWT", forge =>
        {
            string inner = $"{Forge.Encode("""{"alg":"none","typ":"at+jwt"}""")}.{Forge.Encode(forge.ClaimsText())}.";
            return Encrypt(forge, inner);
        }),
        new("ALG-36", "a JWE to the service's key around a live token", forge => Encrypt(forge, forge.Live())),
        new("ALG-36", "five parts that begin like a live token", forge => $"{forge.Live()}.AAAA.AAAA"),
        new("ALG-36", "five parts, direct encryption with nothing in them", forge =>
            $"{Forge.Encode("""{"alg":"dir","enc":"A256GCM"}""")}...."),
        .. new[] { 1, 2147483647 }.Select(count => new Attack("ALG-37", $"PBES2 with p2c {count}", forge =>
            $"{Forge.Encode(DerivedKeyHeader(forge, count))}.AAAA.AAAA.AAAA.AAAA")),
        new("ALG-37", "PBES2 named in a JWS", forge => forge.WithHeaderText(_ => DerivedKeyHeader(forge, int.MaxValue))),
    ];

    private static string DerivedKeyHeader(Forge forge, int count) =>
        $$"""{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":{{count}},"p2s":"AAAAAAAAAAA","typ":"at+jwt","kid":"{{forge.Key.KeyId}}"}""";

    private static string IdToken(Forge forge, string audience) =>
        $$"""
        {"iss":"{{forge.Issuer}}","sub":"c3ViamVjdC1vZi10ZXN0cw","aud":"{{audience}}","azp":"{{audience}}",
        "exp":{{forge.Now + 300}},"iat":{{forge.Now}},"auth_time":{{forge.Now}},"nonce":"n-0S6_WzA2Mj","at_hash":"77QmUPtjPfzWtF2AnpK9RQ"}
        """;

    private static string Encrypt(Forge forge, string inner)
    {
        string header = Forge.Encode($$"""{"alg":"RSA-OAEP-256","enc":"A256GCM","cty":"JWT","typ":"at+jwt","kid":"{{forge.Key.KeyId}}"}""");
        byte[] key = RandomNumberGenerator.GetBytes(32), nonce = RandomNumberGenerator.GetBytes(12), text = Ascii(inner),
            cipher = new byte[text.Length], tag = new byte[16];
        using var aes = new AesGcm(key, tag.Length);
        aes.Encrypt(nonce, text, cipher, tag, Ascii(header));
        RSA recipient = forge.Key.Algorithm == SignatureAlgorithm.RS256 ? Rsa(forge) : AttackerRsa;
        byte[] sealedKey = recipient.Encrypt(key, RSAEncryptionPadding.OaepSHA256);
        return string.Join('.', new[] { sealedKey, nonce, cipher, tag }.Select(part => Forge.Encode(part)).Prepend(header));
    }

    private static RSA Rsa(Forge forge)
    {
        var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(forge.Key.ExportPrivate(), out _);
        return rsa;
    }

    private static ECDsa Ecdsa(Forge forge)
    {
        var ecdsa = ECDsa.Create();
        ecdsa.ImportPkcs8PrivateKey(forge.Key.ExportPrivate(), out _);
        return ecdsa;
    }

    private static ECPoint Point(Forge forge) => Ecdsa(forge).ExportParameters(false).Q;

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);
}
