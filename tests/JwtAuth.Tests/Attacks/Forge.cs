using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Attacks;

/// <summary>Makes tokens with one thing wrong: starts from a live one, changes its text, and signs it again with the service's own key, or not.</summary>
internal sealed class Forge(ServerHost host)
{
    /// <summary>The key that signs for APIs.</summary>
    public SigningKey Key => host.Get<SigningKeyRing>().Signer(forAccount: false);

    public string Issuer => host.Issuer;

    /// <summary>Now, in seconds.</summary>
    public long Now => host.Time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>A token that the service itself issued, for the first audience.</summary>
    public string Live() => host.Get<TokenIssuer>().Issue(
        new AccountSnapshot("c3ViamVjdC1vZi10ZXN0cw", "alice", "", true, 0, [], host.Time.GetUtcNow()), "orders", [], "c2Vzc2lvbi1vZi10ZXN0cw").Value;

    /// <summary>The header of a live token.</summary>
    public JsonObject Header() => (JsonObject)JsonNode.Parse(Decode(Live().Split('.')[0]))!;

    /// <summary>The claims of a live token.</summary>
    public JsonObject Claims() => (JsonObject)JsonNode.Parse(Decode(Live().Split('.')[1]))!;

    /// <summary>A live token whose header was changed, correctly signed.</summary>
    public string WithHeader(Action<JsonObject> change)
    {
        JsonObject header = Header();
        change(header);
        return Sign(header.ToJsonString(), Claims().ToJsonString());
    }

    /// <summary>A live token whose claims were changed, correctly signed.</summary>
    public string WithClaims(Action<JsonObject> change)
    {
        JsonObject claims = Claims();
        change(claims);
        return Sign(Header().ToJsonString(), claims.ToJsonString());
    }

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

    /// <summary>A MAC over these texts with a secret of any length.</summary>
    public static string Mac(string header, string claims, byte[] secret)
    {
        string input = $"{Encode(header)}.{Encode(claims)}";
        return $"{input}.{Encode(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(input)))}";
    }

    public static string Encode(string text) => Encode(Encoding.UTF8.GetBytes(text));

    public static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);

    public static byte[] Decode(string part) => Base64Url.DecodeFromChars(part);
}
