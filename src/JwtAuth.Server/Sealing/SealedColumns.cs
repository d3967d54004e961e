using System.Buffers.Binary;
using System.Text;

namespace JwtAuth.Server.Sealing;

/// <summary>The bytes that stand under a MAC for the columns of a row.</summary>
internal static class SealedColumns
{
    /// <summary>Each column with its length before it, so that nothing can move from one into the next.</summary>
    /// <param name="columns">Text, bytes, numbers, truth values and moments, in an order that never changes.</param>
    /// <exception cref="ArgumentException">A column is of another kind.</exception>
    public static byte[] Encode(IEnumerable<object?> columns)
    {
        using var encoded = new MemoryStream();
        Span<byte> length = stackalloc byte[sizeof(long)];
        foreach (object? column in columns)
        {
            byte[]? bytes = column switch
            {
                null => null,
                byte[] binary => binary,
                string text => Encoding.UTF8.GetBytes(text),
                bool truth => [truth ? (byte)1 : (byte)0],
                long number => Big(number),
                DateTimeOffset moment => Big(moment.ToUnixTimeMilliseconds()),
                _ => throw new ArgumentException($"a column of type {column.GetType()} cannot be sealed", nameof(columns)),
            };
            BinaryPrimitives.WriteInt64BigEndian(length, bytes?.Length ?? -1);
            encoded.Write(length);
            encoded.Write(bytes);
        }
        return encoded.ToArray();
    }

    private static byte[] Big(long value)
    {
        byte[] bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }
}
