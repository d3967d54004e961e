using System.Data.Common;
using JwtAuth.Server.Sealing;

namespace JwtAuth.Server.Storage;

/// <summary>
/// One record of the audit trail: what happened, when, by whom, to whom, from where. It is written once, with the change that it is about,
/// and never changed. Its MAC covers it and the MAC of the record before it.
/// </summary>
internal sealed class AuditRow
{
    /// <summary>The columns of <c>"AuditRecords"</c>, as <see cref="Read"/> expects them.</summary>
    public const string Columns =
        """
        "Number", "At", "Event", "ActorKind", "Actor", "Subject", "Object", "Outcome", "Detail", "Count", "Address", "RequestId", "Mac"
        """;

    /// <summary>1 for the first, and one more for each. There is no gap.</summary>
    public required long Number { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>A name of the closed list of events.</summary>
    public required string Event { get; init; }

    /// <summary>What did it: an account, a client, the command line, the service, or nobody who is known.</summary>
    public required string ActorKind { get; init; }

    /// <summary>The account's <c>sub</c> or the client's identifier, if the actor has one.</summary>
    public string? Actor { get; init; }

    /// <summary>The account that it is about.</summary>
    public string? Subject { get; init; }

    /// <summary>What of it: a session, a token's identifier, a role, a key, a client. Never a secret.</summary>
    public string? Object { get; init; }

    public required string Outcome { get; init; }

    /// <summary>A word of a closed list.</summary>
    public string? Detail { get; init; }

    /// <summary>How many of the same it stands for.</summary>
    public long Count { get; init; } = 1;

    /// <summary>The network address that the service saw.</summary>
    public string? Address { get; init; }

    public string? RequestId { get; init; }

    /// <summary>The MAC over the record and over the MAC of its predecessor.</summary>
    public byte[] Mac { get; set; } = [];

    /// <summary>What stands under the MAC of the record with this number, in an order that never changes.</summary>
    public IEnumerable<object?> MacColumns(long number) =>
        [number, At, Event, ActorKind, Actor, Subject, Object, Outcome, Detail, Count, Address, RequestId];

    /// <summary>The row at which a reader stands, if its first columns are <see cref="Columns"/>.</summary>
    public static AuditRow Read(DbDataReader reader) => new()
    {
        Number = reader.GetInt64(0),
        At = reader.GetMoment(1),
        Event = reader.GetString(2),
        ActorKind = reader.GetString(3),
        Actor = Text(reader, 4),
        Subject = Text(reader, 5),
        Object = Text(reader, 6),
        Outcome = reader.GetString(7),
        Detail = Text(reader, 8),
        Count = reader.GetInt64(9),
        Address = Text(reader, 10),
        RequestId = Text(reader, 11),
        Mac = reader.BytesOrNull(12) ?? [],
    };

    private static string? Text(DbDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
}

/// <summary>Up to where the trail was deleted by age. It is sealed, so nobody else can say that records were deleted.</summary>
internal sealed class AuditCheckpointRow : ISealedRow
{
    /// <summary>The only row's.</summary>
    public const int OnlyId = 1;

    public int Id { get; init; } = OnlyId;

    /// <summary>The last record that was deleted.</summary>
    public required long Number { get; set; }

    /// <summary>The MAC of that record, on which the next one builds.</summary>
    public required byte[] Mac { get; set; }

    /// <summary>When it was deleted.</summary>
    public required DateTimeOffset At { get; set; }

    /// <inheritdoc/>
    public byte[]? Seal { get; set; }

    string ISealedRow.Kind => "audit checkpoint";

    string ISealedRow.Name => $"{Number}";

    IEnumerable<object?> ISealedRow.SealedColumns => [Number, Mac, At];
}
