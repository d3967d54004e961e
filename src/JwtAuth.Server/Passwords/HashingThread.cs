namespace JwtAuth.Server.Passwords;

/// <summary>
/// Computes hashes on threads of their own. A hash takes a quarter of a second, and the pool begins with as many threads as there are
/// processors: on these, a few logins would make every request wait that only checks a token.
/// </summary>
internal static class HashingThread
{
    /// <summary>Runs a computation on a new thread. The thread costs a thousandth of a hash.</summary>
    public static Task<T> RunAsync<T>(Func<T> compute)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => Run(compute, done)) { IsBackground = true, Name = "hashing", Priority = ThreadPriority.BelowNormal }.Start();
        return done.Task;
    }

    private static void Run<T>(Func<T> compute, TaskCompletionSource<T> done)
    {
        try
        {
            done.SetResult(compute());
        }
        catch (Exception fault)
        {
            done.SetException(fault);
        }
    }
}
