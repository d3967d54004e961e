namespace JwtAuth.Server.Accounts;

/// <summary>What one reading of the store says of an account: whatever is issued from it carries its generation, so that a change in between is not outrun.</summary>
internal sealed record AccountSnapshot(
    string Subject, string Username, string PasswordHash, bool IsEnabled, long Generation, IReadOnlyList<string> Roles, DateTimeOffset CreatedAt)
{
    // The hash stays out of logs.
    public override string ToString() => Subject;
}
