using JwtAuth.Bearer.Observability;
using Microsoft.Extensions.Logging;

namespace JwtAuth.Bearer.Denials;

/// <summary>
/// Remembers how far the issuer's audit trail had come, and notices when it was cut: by whoever can write the issuer's database. Nothing is
/// refused because of it, since tokens have no part in the trail; somebody has to look. What was noticed stays until this process ends.
/// </summary>
/// <param name="log">Each cut is logged here once.</param>
internal sealed class TrailWitness(ILogger log)
{
    // An issuer has another history for each backup that was put back.
    private const int MostEpochs = 16;

    private readonly List<(string Epoch, AuditPosition Highest)> heard = [];
    private volatile string? fault;
    private long number;
    private long faults;

    /// <summary>What was noticed last; <see langword="null"/> if nothing was.</summary>
    public string? Fault => fault;

    /// <summary>How often something was noticed.</summary>
    public long Faults => Interlocked.Read(ref faults);

    /// <summary>The number of the last record that was heard of; 0, before the first.</summary>
    public long Number => Interlocked.Read(ref number);

    /// <summary>Compares what the issuer tells with what it told before. For one caller at a time.</summary>
    /// <param name="told">What it tells; <see langword="null"/> from an issuer that keeps no trail.</param>
    public void Hear(AuditPage? told)
    {
        if (told is null)
            return;
        int known = heard.FindIndex(memory => memory.Epoch == told.Epoch);
        if (known >= 0)
        {
            Compare(heard[known].Highest, told);
            heard.RemoveAt(known);
        }
        else if (heard.Count > 0)
        {
            log.TrailBeganAnew(told.Number);
        }
        heard.Add((told.Epoch, new AuditPosition { Number = told.Number, Head = told.Head }));
        if (heard.Count > MostEpochs)
            heard.RemoveAt(0);
        Interlocked.Exchange(ref number, told.Number);
    }

    private void Compare(AuditPosition highest, AuditPage told)
    {
        bool isOther = (told.Number == highest.Number && told.Head != highest.Head)
            || (told.Before is { } before && before.Number == highest.Number && before.Head != highest.Head);
        if (told.Number >= highest.Number && !isOther)
            return;
        string what = told.Number < highest.Number
            ? $"record {highest.Number} was told, and the last is {told.Number} now"
            : $"record {highest.Number} is another one now";
        fault = $"{what}, and no restored backup was announced";
        Interlocked.Increment(ref faults);
        log.TrailWasCut(what);
    }
}
