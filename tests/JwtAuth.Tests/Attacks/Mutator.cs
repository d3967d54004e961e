using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace JwtAuth.Tests.Attacks;

/// <summary>
/// Makes any number of broken tokens from live ones. Each is made from the seed and its own number alone, in
/// whatever order they are asked for.
/// </summary>
internal sealed class Mutator(int seed, IReadOnlyList<string> live)
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    private readonly HashSet<string> unchanged = [.. live];

    /// <summary>
    /// The mutation of this number: a text that is none of the live tokens, not even with the white space off that HTTP takes off.
    /// </summary>
    public string this[int number]
    {
        get
        {
            var random = new Random(unchecked((seed * 1_000_003) ^ number));
            while (true)
            {
                string token = live[random.Next(live.Count)];
                for (int rounds = random.Next(4) == 0 ? 3 : 1; rounds > 0; rounds--)
                    token = Mutate(random, token);
                if (!unchanged.Contains(token.Trim(' ', '\t', '\r', '\n')))
                    return token;
            }
        }
    }

    private string Mutate(Random random, string token) => random.Next(10) switch
    {
        0 => FlipBit(random, token),
        1 => ReplaceCharacter(random, token),
        2 => token.Insert(random.Next(token.Length + 1), $"{(char)random.Next(256)}"),
        3 => Cut(random, token, random.Next(1, 4)),
        4 => SwapParts(random, token),
        5 => random.Next(2) == 0 ? token[..random.Next(token.Length)] : token[random.Next(token.Length)..],
        6 => Splice(random, token),
        7 => EditJson(random, token),
        8 => Respell(random, token),
        _ => FlipDecodedBit(random, token),
    };

    private static string FlipBit(Random random, string token) =>
        Put(token, random.Next(token.Length), letter => (char)(letter ^ (1 << random.Next(8))));

    private static string ReplaceCharacter(Random random, string token) =>
        Put(token, random.Next(token.Length), _ => random.Next(2) == 0 ? Alphabet[random.Next(Alphabet.Length)] : (char)random.Next(256));

    private static string Put(string token, int index, Func<char, char> letter) =>
        token.Length == 0 ? "" : $"{token[..index]}{letter(token[index])}{token[(index + 1)..]}";

    private static string Cut(Random random, string token, int length)
    {
        int start = random.Next(token.Length + 1);
        return token.Remove(start, Math.Min(length, token.Length - start));
    }

    private static string SwapParts(Random random, string token)
    {
        string[] parts = token.Split('.');
        int one = random.Next(parts.Length), other = random.Next(parts.Length);
        (parts[one], parts[other]) = (parts[other], parts[one]);
        return string.Join('.', parts);
    }

    private string Splice(Random random, string token)
    {
        string other = live[random.Next(live.Count)];
        if (random.Next(2) == 0)
            return token[..random.Next(token.Length + 1)] + other[random.Next(other.Length)..];
        string[] parts = token.Split('.'), others = other.Split('.');
        int index = random.Next(Math.Min(parts.Length, others.Length));
        parts[index] = others[index];
        return string.Join('.', parts);
    }

    // Read, changed and written again, and not signed again.
    private static string EditJson(Random random, string token)
    {
        string[] parts = token.Split('.');
        int index = random.Next(Math.Min(2, parts.Length));
        try
        {
            if (JsonNode.Parse(Forge.Decode(parts[index])) is not JsonObject { Count: > 0 } json)
                return token;
            string name = json.ElementAt(random.Next(json.Count)).Key;
            switch (random.Next(5))
            {
                case 0:
                    json.Remove(name);
                    break;
                case 1:
                    json[name] = random.Next();
                    break;
                case 2:
                    json[name] = "admin";
                    break;
                case 3:
                    json[name] = new JsonArray("admin", "orders", 1);
                    break;
                default:
                    json[$"x{random.Next(1000)}"] = json[name]?.DeepClone();
                    break;
            }
            parts[index] = Forge.Encode(json.ToJsonString());
        }
        catch (Exception fault) when (fault is FormatException or JsonException or ArgumentException or InvalidOperationException)
        {
            // An earlier round broke it already.
        }
        return string.Join('.', parts);
    }

    private static string Respell(Random random, string token)
    {
        string[] parts = token.Split('.');
        int index = random.Next(parts.Length);
        string part = parts[index];
        parts[index] = random.Next(6) switch
        {
            0 => part + new string('=', random.Next(1, 4)),
            1 => part.Replace('-', '+').Replace('_', '/'),
            2 => part + Alphabet[random.Next(Alphabet.Length)],
            3 when part.Length > 0 && Alphabet.Contains(part[^1]) => part[..^1] + Alphabet[Alphabet.IndexOf(part[^1]) | random.Next(1, 4)],
            4 => part.Insert(random.Next(part.Length + 1), "%20"),
            _ => Convert.ToBase64String(Encoding.Latin1.GetBytes(part)),
        };
        return string.Join('.', parts);
    }

    private static string FlipDecodedBit(Random random, string token)
    {
        string[] parts = token.Split('.');
        int index = random.Next(parts.Length);
        try
        {
            byte[] bytes = Forge.Decode(parts[index]);
            if (bytes.Length > 0)
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            parts[index] = Forge.Encode(bytes);
        }
        catch (FormatException)
        {
            // An earlier round broke it already.
        }
        return string.Join('.', parts);
    }
}
