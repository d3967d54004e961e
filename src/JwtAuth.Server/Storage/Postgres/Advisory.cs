using System.Globalization;

namespace JwtAuth.Server.Storage.Postgres;

/// <summary>
/// The advisory locks of the service, by number. They belong to one database, and end with their transaction, so that they pass through
/// a pooler.
/// </summary>
internal static class Advisory
{
    /// <summary>The first of the two numbers, so that no other program's locks are met.</summary>
    public const int Ours = 0x4A57_4155;

    /// <summary>Shared by every writer, and taken alone by who is about everything.</summary>
    public const int Everything = 1;

    public const int Administration = 2;

    /// <summary>Taken just before the commit, and before <see cref="AuditNumbers"/>.</summary>
    public const int DenialNumbers = 3;

    /// <summary>Of the one process that prepares the database.</summary>
    public const int Start = 4;

    /// <summary>Taken last of all.</summary>
    public const int AuditNumbers = 5;

    /// <summary>Of whoever adds to the log of attempts, until the commit: so its numbers become visible in their order.</summary>
    public const int Attempts = 6;

    /// <summary>The first of the two numbers where the second one is an issuer.</summary>
    public const int Issuers = 0x4A57_4156;

    public static string Lock(int what) => Call("pg_advisory_xact_lock", what);

    public static string LockShared(int what) => Call("pg_advisory_xact_lock_shared", what);

    private static string Call(string function, int what) => string.Create(CultureInfo.InvariantCulture, $"{function}({Ours}, {what})");
}
