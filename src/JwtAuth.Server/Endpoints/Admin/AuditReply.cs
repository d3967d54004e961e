using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Endpoints.Admin;

/// <summary>A record of the audit trail.</summary>
internal sealed record AuditRecordReply
{
    /// <summary>1 for the first, and one more for each. There is no gap.</summary>
    /// <example>17</example>
    public required long Number { get; init; }

    /// <summary>When it happened, in UTC, to the millisecond.</summary>
    [JsonConverter(typeof(Milliseconds))]
    public required DateTimeOffset At { get; init; }

    /// <summary>What happened.</summary>
    /// <example>session.ended</example>
    public required string Event { get; init; }

    /// <summary>What did it: `account`, `client`, `command_line`, `service`, or `anonymous` where nobody has proved who it was.</summary>
    /// <example>account</example>
    public required string ActorKind { get; init; }

    /// <summary>The account's `sub` or the client's identifier; null where there is none.</summary>
    /// <example>Zk9zJH2mT0mWcQyq1m0V1g</example>
    public required string? Actor { get; init; }

    /// <summary>The account that it is about; null where there is none, or the name that was sent is no account's.</summary>
    /// <example>Zk9zJH2mT0mWcQyq1m0V1g</example>
    public required string? Subject { get; init; }

    /// <summary>What of it: a session, the identifier of a token, a role, a key, a client.</summary>
    /// <example>nV2_ZkqvRZ1cWm0p3b1x4g</example>
    public required string? Object { get; init; }

    /// <summary>`done` or `refused`.</summary>
    /// <example>done</example>
    public required string Outcome { get; init; }

    /// <summary>A word that says more, or null.</summary>
    /// <example>logout</example>
    public required string? Detail { get; init; }

    /// <summary>How many of the same it stands for.</summary>
    /// <example>1</example>
    public required long Count { get; init; }

    /// <summary>The network address from which it came; null for what came from no network.</summary>
    /// <example>192.0.2.7</example>
    public required string? Address { get; init; }

    /// <summary>The request, as the log names it.</summary>
    /// <example>0HNHL4S2VQ8T1:00000002</example>
    public required string? RequestId { get; init; }

    /// <summary>The MAC over the record and all before it, in base64url. After the number, it is a head for `audit verify`.</summary>
    /// <example>mF0ZfE0tZ2Qb0v5lq3m1m0V1gcWm0p3b1x4gnV2_ZkQ</example>
    public required string Mac { get; init; }

    public static AuditRecordReply Of(AuditRow row) => new()
    {
        Number = row.Number,
        At = row.At,
        Event = row.Event,
        ActorKind = row.ActorKind,
        Actor = row.Actor,
        Subject = row.Subject,
        Object = row.Object,
        Outcome = row.Outcome,
        Detail = row.Detail,
        Count = row.Count,
        Address = row.Address,
        RequestId = row.RequestId,
        Mac = Base64Url.EncodeToString(row.Mac),
    };

    private sealed class Milliseconds : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.GetDateTimeOffset();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
    }
}

/// <summary>A page of the audit trail, in the order of the numbers.</summary>
/// <param name="Records">The page.</param>
/// <param name="Next">What to send as `after` for the next page; null on the last.</param>
internal sealed record AuditReply(IReadOnlyList<AuditRecordReply> Records, long? Next);
