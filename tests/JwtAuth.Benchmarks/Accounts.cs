using JwtAuth.Server.Accounts;

namespace JwtAuth.Benchmarks;

/// <summary>Accounts as the store would have read them.</summary>
internal static class Accounts
{
    public static AccountSnapshot Snapshot(
        string subject, string username = "alice", long generation = 0, params IReadOnlyList<string> roles) => new()
        {
            Subject = subject,
            Username = username,
            PasswordHash = "",
            IsEnabled = true,
            Generation = generation,
            Roles = roles,
            CreatedAt = DateTimeOffset.UnixEpoch,
        };
}
