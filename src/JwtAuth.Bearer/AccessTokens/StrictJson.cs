using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace JwtAuth.Bearer.AccessTokens;

/// <summary>
/// Walks the members of one JSON object in one pass over UTF-8. Throws <see cref="JsonException"/> for anything that two readers could
/// understand differently: duplicate names at any depth, invalid UTF-8, lone surrogates, anything after the object, nesting beyond 64.
/// </summary>
internal ref struct StrictJson
{
    /// <summary>
    /// The most members in one object and all objects around it. No real token has more, and the search for duplicates would become
    /// expensive.
    /// </summary>
    public const int MaximumMembers = 512;

    private const int MaximumDepth = 64;

    private static readonly SearchValues<byte> PrintableAsciiButBackslash =
        SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Where(code => code != '\\').Select(code => (byte)code)]);

    /// <summary>
    /// Bytes of space for the tables: <see cref="MaximumMembers"/> names, and one number for each level, the object itself included.
    /// </summary>
    public static readonly int TablesSize = (MaximumMembers * Unsafe.SizeOf<Range>()) + ((MaximumDepth + 1) * sizeof(int));

    private readonly Span<byte> text;
    private readonly Span<Range> names;
    private readonly Span<int> enclosing;
    private Utf8JsonReader reader;
    private ulong marks;
    private int unescaped;
    private int first;
    private int count;
    private int depth;
    private bool begun;

    /// <param name="text">
    /// The JSON is in the first <paramref name="length"/> bytes. As much space must follow it, for names that contain escapes.
    /// </param>
    /// <param name="length">Length of the JSON in bytes.</param>
    /// <param name="tables"><see cref="TablesSize"/> bytes with any content: only what this object has written is read.</param>
    public StrictJson(Span<byte> text, int length, Span<byte> tables)
    {
        IsPlain = !text[..length].ContainsAnyExcept(PrintableAsciiButBackslash);
        if (!IsPlain && !Utf8.IsValid(text[..length]))
            throw new JsonException();
        this.text = text;
        int namesSize = MaximumMembers * Unsafe.SizeOf<Range>();
        names = MemoryMarshal.Cast<byte, Range>(tables[..namesSize]);
        enclosing = MemoryMarshal.Cast<byte, int>(tables[namesSize..TablesSize]);
        reader = new Utf8JsonReader(text[..length], new JsonReaderOptions { MaxDepth = MaximumDepth });
        unescaped = length;
    }

    /// <summary>Whether the JSON is printable ASCII without a backslash. Then no text in it has escapes or control characters.</summary>
    public bool IsPlain { get; }

    /// <summary>The kind of the current member's value.</summary>
    public readonly JsonTokenType ValueKind => reader.TokenType;

    /// <summary>The current member's name, unescaped.</summary>
    public readonly ReadOnlySpan<byte> Name => text[names[count - 1]];

    /// <summary>
    /// Goes to the next member of the object, and skips what was not read of the current value. False after the last member.
    /// </summary>
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

    /// <summary>The next element of the array that is the current value. False after the last element.</summary>
    public bool NextElement()
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            FinishValue();
        Advance();
        return reader.TokenType != JsonTokenType.EndArray;
    }

    // Without escapes, this is what the constructor has checked to be UTF-8.
    public readonly string GetText() => reader.ValueIsEscaped ? reader.GetString()! : Encoding.UTF8.GetString(reader.ValueSpan);

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

    /// <summary>
    /// The same bytes, to be kept after this value. Call it at most once for each value, so that the buffer is large enough.
    /// </summary>
    public ReadOnlySpan<byte> KeepBytes()
    {
        ReadOnlySpan<byte> bytes = GetBytes();
        if (reader.ValueIsEscaped)
            unescaped += bytes.Length;
        return bytes;
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
        ulong mark = MarkOf(bytes);
        // Equal names have equal marks. So a duplicate is possible only if the mark was seen before.
        if ((marks & mark) != 0 && IsKnown(bytes))
            throw new JsonException();
        marks |= mark;
        names[count++] = name;
    }

    private readonly bool IsKnown(ReadOnlySpan<byte> name)
    {
        foreach (Range other in names[first..count])
        {
            if (name.SequenceEqual(text[other]))
                return true;
        }
        return false;
    }

    // The names of our own claims all have different marks.
    private static ulong MarkOf(ReadOnlySpan<byte> name) => name.IsEmpty ? 1 : 1UL << ((name[0] + (2 * name[^1]) + name.Length) & 63);
}
