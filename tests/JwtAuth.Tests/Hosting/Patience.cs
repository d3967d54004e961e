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
}
