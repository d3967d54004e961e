namespace JwtAuth.Server.Guessing;

/// <summary>
/// The limit on guessing as all processes keep it. The first attempt at an account about which nothing is known goes straight to bcrypt,
/// and is written down only if it fails. From then on each attempt asks the common log before bcrypt, so that several processes together
/// let through what one would.
/// </summary>
internal sealed class SharedGuesses
{
    private const string Kind = "password";

    private readonly GuessingLimit limit;
    private readonly AttemptLog? log;

    /// <param name="limit">The rules, and what this process knows.</param>
    /// <param name="log">The attempts of all; <see langword="null"/> where this process counts alone.</param>
    public SharedGuesses(GuessingLimit limit, AttemptLog? log)
    {
        (this.limit, this.log) = (limit, log);
        log?.Follow(Kind, limit.Count);
    }

    /// <inheritdoc cref="GuessingLimit.Begin"/>
    public Attempt? Begin(in Guess guess, out TimeSpan wait) => limit.Begin(guess, out wait);

    /// <summary>Asks whether an attempt may be made, where that is not clear already. Call it before bcrypt.</summary>
    /// <returns>How long it must wait, if not.</returns>
    public async Task<TimeSpan?> AskAsync(Attempt attempt)
    {
        if (!attempt.IsEntered)
            await JudgeAsync(attempt);
        return attempt.Refusal;
    }

    /// <summary>The password was wrong. When this returns, all processes know.</summary>
    /// <returns>
    /// How long the attempt should have waited, because others were made elsewhere at the same moment. It tells nothing then.
    /// </returns>
    public async Task<TimeSpan?> FailAsync(Attempt attempt)
    {
        if (!attempt.IsWritten)
            await JudgeAsync(attempt);
        return attempt.Refusal;
    }

    /// <summary>The password was right. Nobody waits for what is written then, and mostly nothing is.</summary>
    /// <returns>As for <see cref="FailAsync"/>.</returns>
    public TimeSpan? Succeed(Attempt attempt, string subject)
    {
        if (limit.TrySucceed(attempt, subject, out TimeSpan wait))
        {
            TakeBack(attempt);
            return null;
        }
        if (!attempt.IsWritten)
            _ = JudgeAsync(attempt);
        return wait;
    }

    /// <summary>Gives the attempt back. It was not made, because bcrypt was busy.</summary>
    public void Withdraw(Attempt attempt)
    {
        limit.Withdraw(attempt);
        TakeBack(attempt);
    }

    /// <summary>It is over, however it ended.</summary>
    public void End(Attempt attempt) => limit.End(attempt);

    private void TakeBack(Attempt attempt)
    {
        if (attempt.IsWritten)
            _ = log?.WriteAsync(Kind, attempt.Names, isTakenBack: true);
    }

    private Task JudgeAsync(Attempt attempt)
    {
        if (log is not null)
            return log.JudgeAsync(() => [.. limit.Judge(attempt).Select(judged => log.RowOf(Kind, judged.Names))]);
        limit.Judge(attempt);
        return Task.CompletedTask;
    }
}
