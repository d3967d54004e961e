using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using JwtAuth.Server.Errors;

namespace JwtAuth.Server.Pipeline;

/// <summary>
/// Says what is wrong with a body that could not be read: which member, and where. No value is repeated, and of the names only
/// <see cref="PlainNames"/>.
/// </summary>
internal static class JsonBodyFaults
{
    private static readonly JsonReaderOptions Reading = new() { MaxDepth = JsonBodies.Options.MaxDepth };

    /// <summary>The first fault, in one sentence or two. Printable ASCII.</summary>
    public static string Of(ReadOnlySpan<byte> body, JsonTypeInfo type) =>
        body.IndexOfAnyExcept(" \t\r\n"u8) < 0 ? $"The body is empty. {ShapeOf(type)}"
        : OfEncoding(body) ?? OfSyntax(body) ?? OfMembers(body, type) ?? ShapeOf(type);

    /// <summary>What would fit.</summary>
    public static string ShapeOf(JsonTypeInfo type) =>
        "Send one JSON object with these members and no others, each once: "
        + string.Join(", ", type.Properties.Select(member => member.Name + (member.IsRequired ? "" : " (may be left out)"))) + ".";

    /// <summary>What a value of this type is called.</summary>
    public static string KindOf(Type type) => (Nullable.GetUnderlyingType(type) ?? type) switch
    {
        var number when number == typeof(int) || number == typeof(long) => "a whole number",
        var flag when flag == typeof(bool) => "true or false",
        var list when list.IsAssignableTo(typeof(IEnumerable<string>)) => "a list of strings",
        _ => "a string",
    };

    private static string? OfEncoding(ReadOnlySpan<byte> body)
    {
        if (Utf8.IsValid(body))
            return null;
        int at = 0;
        while (Rune.DecodeFromUtf8(body[at..], out _, out int length) == OperationStatus.Done)
            at += length;
        return $"The body is not UTF-8 ({PlaceOf(body, at)}).";
    }

    private static string? OfSyntax(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, Reading);
        try
        {
            while (reader.Read())
            {
            }
            return null;
        }
        catch (JsonException fault)
        {
            return $"The body is not JSON, or is nested more than {Reading.MaxDepth} deep "
                + $"(line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1}).";
        }
    }

    private static string? OfMembers(ReadOnlySpan<byte> body, JsonTypeInfo type)
    {
        var reader = new Utf8JsonReader(body, Reading);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            return $"The body is no object. {ShapeOf(type)}";

        HashSet<string> seen = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string place = PlaceOf(body, (int)reader.TokenStartIndex);
            string? name = NameOf(ref reader);
            if (type.Properties.FirstOrDefault(property => property.Name == name) is not { } member)
                return $"{(name is null ? "A member" : $"\"{name}\"")} ({place}) is none of this call's. {ShapeOf(type)}";
            if (!seen.Add(member.Name))
                return $"\"{member.Name}\" ({place}) is there twice.";

            reader.Read();
            int start = (int)reader.TokenStartIndex;
            JsonTokenType token = reader.TokenType;
            reader.Skip();
            if (!Fits(body[start..(int)reader.BytesConsumed], token, member))
            {
                string kind = KindOf(member.PropertyType);
                if (token == JsonTokenType.String && kind == "a string")
                    kind = "Unicode text"; // half of a surrogate pair
                return $"\"{member.Name}\" ({place}) must be {kind}.";
            }
        }

        string[] missing =
            [.. type.Properties.Where(member => member.IsRequired && !seen.Contains(member.Name)).Select(member => $"\"{member.Name}\"")];
        return missing.Length > 0 ? $"{string.Join(" and ", missing)} must be there. {ShapeOf(type)}" : null;
    }

    // Null if it is not what a member could be called.
    private static string? NameOf(ref Utf8JsonReader reader)
    {
        try
        {
            string? name = reader.GetString();
            return PlainNames.Include(name) ? name : null;
        }
        catch (InvalidOperationException)
        {
            return null; // half of a surrogate pair
        }
    }

    private static bool Fits(ReadOnlySpan<byte> value, JsonTokenType token, JsonPropertyInfo member)
    {
        if (token == JsonTokenType.Null && !member.IsSetNullable)
            return false;
        try
        {
            JsonSerializer.Deserialize(value, JsonBodies.Options.GetTypeInfo(member.PropertyType));
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string PlaceOf(ReadOnlySpan<byte> body, int at) =>
        $"line {body[..at].Count((byte)'\n') + 1}, byte {at - body[..at].LastIndexOf((byte)'\n')}";
}
