using JwtAuth.Server.Observability;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Composition;

/// <summary>Writes down at the start, once a minute and at the end how far the log of denials has come.</summary>
internal sealed class HistoryWriter(HistoryFile history, TimeProvider time, ILogger<HistoryWriter> log)
    : PeriodicWriter(TimeSpan.FromMinutes(1), alsoAtStart: true, time)
{
    private bool isTold;

    public override async Task WriteAsync()
    {
        try
        {
            await history.WriteAsync();
            isTold = false;
        }
        catch (Exception fault)
        {
            if (!isTold)
                log.HistoryNotWritten(fault);
            isTold = true;
        }
    }
}
