using System.Data.Common;

namespace JwtAuth.Server.Storage;

/// <summary>
/// An attempt that counts against a limit, as all processes count it. The log of them is not sealed: who can write it can slow people down,
/// or give guesses back that one process still remembers, and gets in nowhere.
/// </summary>
internal sealed class AttemptRow
{
    /// <summary>Asks for the attempts after <c>@number</c> and since <c>@since</c>, in order, as <see cref="Read"/> expects them.</summary>
    public const string After =
        """
        SELECT "Number", "At", "Kind", "IsTakenBack", "Names" FROM "Attempts"
        WHERE "Number" > @number AND "At" > @since ORDER BY "Number"
        """;

    /// <summary>Inserts one, and asks for its number.</summary>
    public const string Insert =
        """
        INSERT INTO "Attempts" ("At", "Kind", "IsTakenBack", "Names") VALUES (@at, @kind, @back, @names) RETURNING "Number"
        """;

    /// <summary>Assigned in the order of the commits.</summary>
    public long Number { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>Which limit counts it.</summary>
    public required string Kind { get; init; }

    /// <summary>Whether one that was counted turned out not to count.</summary>
    public bool IsTakenBack { get; init; }

    /// <summary>
    /// Under which names it counts: MACs, separated by blanks. They say neither which account it is nor where it came from.
    /// </summary>
    public required string Names { get; init; }

    /// <summary>The row at which a reader stands.</summary>
    public static AttemptRow Read(DbDataReader reader) => new()
    {
        Number = reader.GetInt64(0),
        At = reader.GetMoment(1),
        Kind = reader.GetString(2),
        IsTakenBack = reader.GetBoolean(3),
        Names = reader.GetString(4),
    };
}
