using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Attacks;

/// <summary>
/// Makes tokens with one thing wrong: starts from a live one, changes its text, and signs it again with the service's own key, or not.
/// </summary>
internal sealed class Forge(ServerHost host)
{
    /// <summary>The key that signs for APIs.</summary>
    public SigningKey Key => host.Get<SigningKeyRing>().Signer(forAccount: false);

    /// <summary>The published keys, as they are served.</summary>
    public byte[] JsonWebKeySet => host.Get<SigningKeyRing>().JsonWebKeySet.ToArray();

    public string Issuer => host.Issuer;

    /// <summary>Now, in seconds.</summary>
    public long Now => host.Time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>A token that the service itself issued, for the first audience.</summary>
    public string Live() => host.Get<TokenIssuer>().Issue(
        Grant.To(Accounts.Snapshot("c3ViamVjdC1vZi10ZXN0cw"), "orders", [], "c2Vzc2lvbi1vZi10ZXN0cw")).Value;

    /// <summary>The header of a live token.</summary>
    public JsonObject Header() => (JsonObject)JsonNode.Parse(HeaderText())!;

    /// <summary>The claims of a live token.</summary>
    public JsonObject Claims() => (JsonObject)JsonNode.Parse(ClaimsText())!;

    public string HeaderText() => Encoding.UTF8.GetString(Decode(Live().Split('.')[0]));

    public string ClaimsText() => Encoding.UTF8.GetString(Decode(Live().Split('.')[1]));

    /// <summary>A live token whose header was changed, correctly signed.</summary>
    public string WithHeader(Action<JsonObject> change)
    {
        JsonObject header = Header();
        change(header);
        return Sign(header.ToJsonString(), ClaimsText());
    }

    /// <summary>A live token with this JSON text as the header's member, or without the member; correctly signed.</summary>
    public string WithHeader(string member, string? json) => Sign(Set(Header(), member, json), ClaimsText());

    /// <summary>A live token whose header was changed as text, correctly signed.</summary>
    public string WithHeaderText(Func<string, string> change) => Sign(change(HeaderText()), ClaimsText());

    /// <summary>A live token whose claims were changed, correctly signed.</summary>
    public string WithClaims(Action<JsonObject> change)
    {
        JsonObject claims = Claims();
        change(claims);
        return Sign(HeaderText(), claims.ToJsonString());
    }

    /// <summary>A live token with these JSON texts as claims, correctly signed.</summary>
    public string WithClaims(params ReadOnlySpan<(string Name, string Json)> changes) => Sign(HeaderText(), ClaimsWith(changes));

    /// <summary>The claims of a live token with these JSON texts as claims.</summary>
    public string ClaimsWith(params ReadOnlySpan<(string Name, string Json)> changes)
    {
        JsonObject claims = Claims();
        List<string> texts = [];
        foreach ((string name, string json) in changes)
        {
            claims.Remove(name);
            texts.Add($"\"{name}\":{json}");
        }
        return Append(claims.ToJsonString(), string.Join(',', texts));
    }

    /// <summary>A live token with this JSON text as the claim, or without the claim; correctly signed.</summary>
    public string WithClaim(string name, string? json) => Sign(HeaderText(), Set(Claims(), name, json));

    /// <summary>A live token whose claims set was changed as text, correctly signed.</summary>
    public string WithClaimsText(Func<string, string> change) => Sign(HeaderText(), change(ClaimsText()));

    /// <summary>Signs these texts with the service's own key.</summary>
    public string Sign(string header, string claims) => Sign(Encoding.UTF8.GetBytes(header), Encoding.UTF8.GetBytes(claims));

    public string Sign(byte[] header, byte[] claims) => SignParts(Encode(header), Encode(claims));

    /// <summary>Signs two parts as they are.</summary>
    public string SignParts(string header, string claims) => SignParts(header, claims, Key);

    public static string SignParts(string header, string claims, SigningKey key)
    {
        byte[] signature = new byte[key.SignatureLength];
        key.Sign(Encoding.UTF8.GetBytes($"{header}.{claims}"), signature);
        return $"{header}.{claims}.{Encode(signature)}";
    }

    /// <summary>A token signed by a function of the signing input.</summary>
    public static string SignBy(Func<byte[], byte[]> sign, string header, string claims)
    {
        string input = $"{Encode(header)}.{Encode(claims)}";
        return $"{input}.{Encode(sign(Encoding.ASCII.GetBytes(input)))}";
    }

    /// <summary>A MAC over these texts with a secret of any length.</summary>
    public static string Mac(string header, string claims, byte[] secret) =>
        SignBy(input => HMACSHA256.HashData(secret, input), header, claims);

    /// <summary>The object's text with this JSON text as a member, or without that member.</summary>
    public static string Set(JsonObject members, string name, string? json)
    {
        List<string> texts =
            [.. members.Where(member => member.Key != name).Select(member => $"\"{member.Key}\":{member.Value!.ToJsonString()}")];
        if (json is not null)
            texts.Add($"{JsonSerializer.Serialize(name)}:{json}");
        return $"{{{string.Join(',', texts)}}}";
    }

    /// <summary>The object's text with more members before or behind its own.</summary>
    public static string Append(string text, string members) => $"{text[..^1]},{members}}}";

    public static string Prepend(string text, string members) => $"{{{members},{text[1..]}";

    public static string Encode(string text) => Encode(Encoding.UTF8.GetBytes(text));

    public static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);

    public static byte[] Decode(string part) => Base64Url.DecodeFromChars(part);
}
