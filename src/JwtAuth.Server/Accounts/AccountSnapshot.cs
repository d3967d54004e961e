using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

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

/// <summary>The only place that decides what is read of an account.</summary>
internal static class AccountSnapshots
{
    /// <summary>Accounts as snapshots, in one statement together with whatever the query joins to them.</summary>
    /// <param name="db">The store.</param>
    /// <param name="which">Which accounts; all, if left out.</param>
    public static IQueryable<AccountSnapshot> Snapshots(this Db db, IQueryable<Account>? which = null) =>
        (which ?? db.Users).AsNoTracking().AsSingleQuery().Select(row => new AccountSnapshot
        {
            Subject = row.Id,
            Username = row.UserName!,
            PasswordHash = row.PasswordHash!,
            IsEnabled = row.DisabledAt == null,
            Generation = row.Generation,
            Roles = (from member in db.UserRoles
                     join role in db.Roles on member.RoleId equals role.Id
                     where member.UserId == row.Id
                     orderby role.Name
                     select role.Name).ToList(),
            CreatedAt = row.CreatedAt,
        });
}
