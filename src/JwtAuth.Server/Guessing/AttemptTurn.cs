using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Guessing;

/// <summary>An attempt that waits to be judged, or whoever waits until the attempts of other processes are read.</summary>
/// <param name="judge">Decides, and returns what counts; <see langword="null"/> where there is nothing to decide.</param>
internal sealed class AttemptTurn(Func<IReadOnlyList<AttemptRow>>? judge)
{
    private bool isJudged;
    private Exception? fault;

    public Func<IReadOnlyList<AttemptRow>>? Judge => judge;

    public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<AttemptRow> JudgeOnce()
    {
        if (isJudged || judge is null)
            return [];
        isJudged = true;
        try
        {
            return judge();
        }
        catch (Exception thrown)
        {
            fault = thrown;
            return [];
        }
    }

    public void End()
    {
        if (fault is null)
            Done.SetResult();
        else
            Done.SetException(fault);
    }
}
