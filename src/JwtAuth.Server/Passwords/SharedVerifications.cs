using JwtAuth.Server.Guessing;

namespace JwtAuth.Server.Passwords;

/// <summary>
/// Verifies a pair of name and password once for all requests that send it at the same time: they are one guess. Whoever comes first has
/// the attempt counted and takes the place at bcrypt. The others wait for the result, if the limit would let them try themselves.
/// </summary>
internal sealed class SharedVerifications(GuessingLimit limit, SharedGuesses guesses)
{
    private readonly PairMac macs = new();
    private readonly SharedRuns<PasswordResult> runs = new();

    /// <summary>The result for this pair.</summary>
    /// <param name="guess">Who tries.</param>
    /// <param name="password">The password. Only its MAC is kept.</param>
    /// <param name="verify">Verifies the pair. Its signal says that nobody waits for the result any more.</param>
    /// <param name="cancellation">The caller has disconnected. The others still get the result.</param>
    public async Task<PasswordResult> VerifyAsync(
        Guess guess, Password password, Func<Attempt, CancellationToken, Task<PasswordResult>> verify, CancellationToken cancellation)
    {
        Attempt attempt = null!; // whoever begins sets it
        PasswordResult result = await runs.RunAsync(
            macs.Of(guess.Account, password), $"{Network.Of(guess.Address).Narrow} {guess.Device}", RefusalOf,
            abandoned => DecideAsync(attempt, verify, abandoned), cancellation);
        if (result is PasswordResult.Verified verified)
            limit.Recognize(guess, verified.Account.Subject);
        return result;

        // The same guess from the same place was counted. Anybody else must not get past a limit by joining.
        PasswordResult? RefusalOf(bool begins)
        {
            if (!begins)
                return limit.WaitOf(guess) is { } longer ? new PasswordResult.TooManyAttempts(longer) : null;
            if (guesses.Begin(guess, out TimeSpan wait) is not { } taken)
                return new PasswordResult.TooManyAttempts(wait);
            attempt = taken;
            return null;
        }
    }

    private async Task<PasswordResult> DecideAsync(
        Attempt attempt, Func<Attempt, CancellationToken, Task<PasswordResult>> verify, CancellationToken abandoned)
    {
        try
        {
            if (await guesses.AskAsync(attempt) is { } wait)
                return new PasswordResult.TooManyAttempts(wait);
            PasswordResult result = await verify(attempt, abandoned);
            return result is PasswordResult.Refused && await guesses.FailAsync(attempt) is { } longer
                ? new PasswordResult.TooManyAttempts(longer) : result;
        }
        finally
        {
            guesses.End(attempt);
        }
    }
}
