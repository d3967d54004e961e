using System.Text.Json;
using System.Text.Unicode;

namespace JwtAuth.Bearer.AccessTokens;

/// <summary>
/// Walks the members of one JSON object in one pass over UTF-8 and throws <see cref="JsonException"/> for whatever two readers could
/// understand differently: duplicate names at any depth, invalid UTF-8, lone surrogates, anything after the object, nesting beyond 64.
/// </summary>
internal ref struct StrictJson
{
    /// <summary>Members in one object and all that enclose it; more is nobody's token and would make the search for duplicates dear.</summary>
    public const int MaximumMembers = 512;

    private const int MaximumDepth = 64;

    private readonly Span<byte> text;
    private readonly Span<Range> names;
    private readonly Span<int> enclosing;
    private Utf8JsonReader reader;
    private int unescaped;
    private int first;
    private int count;
    private int depth;
    private bool begun;

    /// <param name="text">The JSON in the first <paramref name="length"/> bytes; as much room behind it for names that hold escapes.</param>
    /// <param name="length">Length of the JSON in bytes.</param>
    /// <param name="names">Room for <see cref="MaximumMembers"/> names.</param>
    /// <param name="enclosing">Room for 65 levels.</param>
    public StrictJson(Span<byte> text, int length, Span<Range> names, Span<int> enclosing)
    {
        if (!Utf8.IsValid(text[..length]))
            throw new JsonException();
        this.text = text;
        this.names = names;
        this.enclosing = enclosing;
        reader = new Utf8JsonReader(text[..length], new JsonReaderOptions { MaxDepth = MaximumDepth });
        unescaped = length;
    }

    /// <summary>The kind of the current member's value.</summary>
    public readonly JsonTokenType ValueKind => reader.TokenType;

    private readonly ReadOnlySpan<byte> Name => text[names[count - 1]];

    public readonly bool NameIs(ReadOnlySpan<byte> name) => Name.SequenceEqual(name);

    /// <summary>Goes to the next member of the object, over whatever of the present value was not read; false after the last.</summary>
    public bool NextMember()
    {
        if (begun)
        {
            FinishValue();
        }
        else
        {
            begun = true;
            Advance();
            if (reader.TokenType != JsonTokenType.StartObject)
                throw new JsonException();
        }

        Advance();
        if (reader.TokenType == JsonTokenType.EndObject)
            return reader.Read() ? throw new JsonException() : false;
        Advance();
        return true;
    }

    /// <summary>The next element of the array that is the current value; false after the last.</summary>
    public bool NextElement()
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            FinishValue();
        Advance();
        return reader.TokenType != JsonTokenType.EndArray;
    }

    public readonly string GetText() => reader.GetString()!;

    public readonly bool TryGetInteger(out long value) => reader.TryGetInt64(out value);

    public readonly double GetNumber() => reader.TryGetDouble(out double value) ? value : double.NaN;

    /// <summary>The unescaped bytes of the current string value.</summary>
    public readonly ReadOnlySpan<byte> GetBytes()
    {
        if (!reader.ValueIsEscaped)
            return reader.ValueSpan;
        Span<byte> rest = text[unescaped..];
        return rest[..reader.CopyString(rest)];
    }

    private void FinishValue()
    {
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
            return;
        int outer = reader.CurrentDepth;
        if (reader.TokenType == JsonTokenType.StartObject)
            OpenObject();
        do
        {
            Advance();
            if (reader.TokenType == JsonTokenType.StartObject)
                OpenObject();
            else if (reader.TokenType == JsonTokenType.EndObject)
                CloseObject();
        }
        while (reader.CurrentDepth > outer || reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray));
    }

    private void Advance()
    {
        if (!reader.Read())
            throw new JsonException();
        if (reader.TokenType == JsonTokenType.PropertyName)
            RememberName();
        else if (reader.TokenType == JsonTokenType.String && reader.ValueIsEscaped)
            _ = GetBytes(); // throws for a lone surrogate
    }

    private void OpenObject() => (enclosing[depth++], first) = (first, count);

    private void CloseObject() => (count, first) = (first, enclosing[--depth]);

    private void RememberName()
    {
        Range name;
        if (reader.ValueIsEscaped)
        {
            int start = unescaped;
            unescaped += reader.CopyString(text[start..]);
            name = start..unescaped;
        }
        else
        {
            int start = (int)reader.TokenStartIndex + 1;
            name = start..(start + reader.ValueSpan.Length);
        }

        if (count == MaximumMembers)
            throw new JsonException();
        ReadOnlySpan<byte> bytes = text[name];
        foreach (Range other in names[first..count])
        {
            if (bytes.SequenceEqual(text[other]))
                throw new JsonException();
        }
        names[count++] = name;
    }
}
