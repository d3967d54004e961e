using System.Data.Common;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Accounts;

/// <summary>
/// What one reading of the store says of an account. Whatever is issued from it carries its generation, so a change in between still takes
/// effect.
/// </summary>
internal sealed record AccountSnapshot
{
    public required string Subject { get; init; }

    public required string Username { get; init; }

    public required string PasswordHash { get; init; }

    public required bool IsEnabled { get; init; }

    public required long Generation { get; init; }

    public required IReadOnlyList<string> Roles { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    // Keeps the hash out of logs.
    public override string ToString() => Subject;
}

/// <summary>The only place that decides what is read of an account: in one statement, together with whatever it is joined to.</summary>
internal sealed class AccountSnapshots(PreparedReads reads)
{
    /// <summary>The columns of <c>"AspNetUsers" a</c> and of <see cref="Roles"/>, as <see cref="ReadAsync"/> expects them.</summary>
    public const string Columns =
        """
        a."Id", a."UserName", a."PasswordHash", a."DisabledAt", a."Generation", a."CreatedAt", r."Name"
        """;

    /// <summary>Joins the roles of an account. It has one row for each, or one without a role.</summary>
    public const string Roles =
        """
        LEFT JOIN "AspNetUserRoles" m ON m."UserId" = a."Id" LEFT JOIN "AspNetRoles" r ON r."Id" = m."RoleId"
        """;

    private const string ByName = $"""SELECT {Columns} FROM "AspNetUsers" a {Roles} WHERE a."NormalizedUserName" = @name""";

    private const string BySubject = $"""SELECT {Columns} FROM "AspNetUsers" a {Roles} WHERE a."Id" = @subject""";

    private const string Page =
        $"""
        SELECT {Columns} FROM (
            SELECT * FROM "AspNetUsers" WHERE "NormalizedUserName" LIKE @search ESCAPE '\' AND "NormalizedUserName" > @after
            ORDER BY "NormalizedUserName" LIMIT @limit) a {Roles} ORDER BY a."NormalizedUserName"
        """;

    /// <summary>Everything that a login needs, in one reading.</summary>
    public Task<AccountSnapshot?> FindByNameAsync(string username, CancellationToken cancellation = default) =>
        reads.AskAsync(ByName, ReadOneAsync, cancellation, ("@name", Names.Normalize(username)));

    public Task<AccountSnapshot?> FindBySubjectAsync(string subject, CancellationToken cancellation = default) =>
        reads.AskAsync(BySubject, ReadOneAsync, cancellation, ("@subject", subject));

    /// <summary>
    /// One page, sorted by name: the accounts after <paramref name="after"/> whose name contains <paramref name="search"/>.
    /// </summary>
    public Task<IReadOnlyList<AccountSnapshot>> ListAsync(string? search, string? after, int limit, CancellationToken cancellation)
    {
        string needle = Names.Normalize(search ?? "").Replace(@"\", @"\\").Replace("_", @"\_").Replace("%", @"\%");
        return reads.AskAsync(
            Page, ReadAllAsync, cancellation, ("@search", $"%{needle}%"), ("@after", Names.Normalize(after ?? "")), ("@limit", limit));
    }

    /// <summary>Reads an account and its roles: from the row at which a reader stands, and those after it.</summary>
    /// <param name="reader">Its columns from <paramref name="first"/> on are <see cref="Columns"/>.</param>
    /// <param name="first">The first of them.</param>
    /// <returns>The account, and whether the reader now stands at another one.</returns>
    public static async Task<(AccountSnapshot Account, bool IsAtNext)> ReadAsync(DbDataReader reader, int first)
    {
        List<string> roles = [];
        var account = new AccountSnapshot
        {
            Subject = reader.GetString(first),
            Username = reader.GetString(first + 1),
            PasswordHash = reader.IsDBNull(first + 2) ? null! : reader.GetString(first + 2),
            IsEnabled = reader.IsDBNull(first + 3),
            Generation = reader.GetInt64(first + 4),
            CreatedAt = reader.GetMoment(first + 5),
            Roles = roles,
        };
        bool isAtNext;
        do
        {
            if (!reader.IsDBNull(first + 6))
                roles.Add(reader.GetString(first + 6));
            isAtNext = await reader.ReadAsync();
        }
        while (isAtNext && reader.GetString(first) == account.Subject);
        roles.Sort(StringComparer.Ordinal);
        return (account, isAtNext);
    }

    private static async Task<AccountSnapshot?> ReadOneAsync(DbDataReader reader) =>
        await reader.ReadAsync() ? (await ReadAsync(reader, 0)).Account : null;

    private static async Task<IReadOnlyList<AccountSnapshot>> ReadAllAsync(DbDataReader reader)
    {
        List<AccountSnapshot> all = [];
        bool isAtNext = await reader.ReadAsync();
        while (isAtNext)
        {
            (AccountSnapshot account, isAtNext) = await ReadAsync(reader, 0);
            all.Add(account);
        }
        return all;
    }
}
