namespace JwtAuth.Tests.Hosting;

/// <summary>
/// How long a test waits for what has to come. It bounds a hang and says nothing of how fast anything is: what is promised
/// within a time is tested by a clock that the test moves.
/// </summary>
internal static class Patience
{
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Asks until the condition holds.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, string because = "")
    {
        using var patience = new CancellationTokenSource(Limit);
        while (!await condition())
            patience.IsCancellationRequested.Should().BeFalse(because);
    }

    /// <summary>The connection string of a database whose writers wait so long for those of other processes.</summary>
    public static string ConnectionString(string directory) =>
        $"Data Source={Path.Combine(directory, "jwtauth.db")};Default Timeout={(int)Limit.TotalSeconds}";
}
