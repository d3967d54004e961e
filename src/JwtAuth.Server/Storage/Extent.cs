namespace JwtAuth.Server.Storage;

/// <summary>
/// What a writing transaction is about. No other writer changes that before it is committed, so what it asks first still holds when it
/// writes. On SQLite that is the whole database. On PostgreSQL it is what is named here, and everything locked is locked in one order.
/// </summary>
internal sealed record Extent
{
    /// <summary>One statement that asks and changes at once, or a new row that only a unique index can refuse.</summary>
    public static readonly Extent OneStatement = new();

    /// <summary>Everything: other writers wait. For what is rare and short.</summary>
    public static readonly Extent Everything = new() { IsEverything = true };

    private Extent()
    {
    }

    public bool IsEverything { get; private init; }

    /// <summary>Whether it is about who administers, and which roles there are.</summary>
    public bool IsAdministration { get; private init; }

    /// <summary>The accounts whose rows, sessions, tokens and denials it is about.</summary>
    public IReadOnlyList<string> Accounts { get; private init; } = [];

    public static Extent Of(params IReadOnlyList<string> accounts) => new() { Accounts = accounts };

    public static Extent OfAdministration(params IReadOnlyList<string> accounts) => new() { IsAdministration = true, Accounts = accounts };
}
