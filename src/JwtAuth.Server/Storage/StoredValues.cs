using System.Data.Common;

namespace JwtAuth.Server.Storage;

/// <summary>How values stand in the database, for those who read and write it by statements of their own and for EF Core's model.</summary>
internal static class StoredValues
{
    /// <summary>A moment, as milliseconds since 1970: every engine can compare and sort by them.</summary>
    public static long ToStored(this DateTimeOffset moment) => moment.ToUnixTimeMilliseconds();

    /// <summary>The moment that was stored. What lies outside the calendar is its beginning or its end.</summary>
    public static DateTimeOffset MomentOf(long stored) => DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(
        stored, DateTimeOffset.MinValue.ToUnixTimeMilliseconds(), DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));

    public static DateTimeOffset GetMoment(this DbDataReader reader, int column) => MomentOf(reader.GetInt64(column));

    public static DateTimeOffset? MomentOrNull(this DbDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetMoment(column);

    public static byte[]? BytesOrNull(this DbDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<byte[]>(column);
}
