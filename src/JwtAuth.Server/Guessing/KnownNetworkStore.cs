using JwtAuth.Server.Observability;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Guessing;

/// <summary>
/// Writes down which networks are known, so that a restart does not forget them. Nobody waits for it: a login writes nothing, and what is
/// new is written for all logins of the last seconds together.
/// </summary>
internal sealed class KnownNetworkStore(
    PreparedReads reads, IServiceScopeFactory scopes, KnownNetworks known, TimeProvider time, ILogger<KnownNetworkStore> log)
    : PeriodicWriter(TimeSpan.FromSeconds(10), alsoAtStart: false, time)
{
    private const string Latest =
        """
        SELECT a."NormalizedUserName", n."Network", n."LastAt" FROM "KnownNetworks" n JOIN "AspNetUsers" a ON a."Id" = n."Subject"
        WHERE n."LastAt" > @oldest ORDER BY n."LastAt" DESC LIMIT @most
        """;

    private const int AtOnce = 500;

    // What another process writes may be so old when it does.
    private static readonly TimeSpan WrittenWithin = TimeSpan.FromMinutes(1);

    private DateTimeOffset? readAt;

    /// <summary>Reads those that were used last: all before the first request, and then what is new.</summary>
    public async Task LoadAsync()
    {
        DateTimeOffset now = Time.GetUtcNow(), since = readAt - WrittenWithin ?? now - KnownNetworks.Lifetime;
        await reads.AskAsync(Latest, async reader =>
        {
            while (await reader.ReadAsync())
                known.Load(reader.GetString(0), reader.GetString(1), reader.GetMoment(2));
            return true;
        }, default, ("@oldest", since.ToStored()), ("@most", KnownNetworks.Capacity));
        readAt = now;
    }

    public override async Task WriteAsync()
    {
        await WriteNewAsync();
        try
        {
            await LoadAsync();
        }
        catch (Exception fault) when (fault is System.Data.Common.DbException or TimeoutException or InvalidOperationException)
        {
            // It is read the next time.
        }
    }

    private async Task WriteNewAsync()
    {
        while (known.TakeUnwritten(AtOnce) is { Count: > 0 } rows)
        {
            try
            {
                await WriteAsync(rows);
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                known.GiveBack(rows);
                log.KnownNetworksNotWritten(fault);
                return;
            }
        }
    }

    private async Task WriteAsync(IReadOnlyList<KnownNetworkRow> rows)
    {
        await using AsyncServiceScope scope = scopes.CreateAsyncScope();
        Db db = scope.ServiceProvider.GetRequiredService<Db>();
        string[] subjects = [.. rows.Select(row => row.Subject).Distinct()];
        await using WriteTransaction transaction = await db.BeginWriteAsync(Urgency.Tidying, "known networks", Extent.Of(subjects));
        // An account may have been deleted meanwhile.
        HashSet<string> living = [.. await db.Users.Where(row => subjects.Contains(row.Id)).Select(row => row.Id).ToListAsync()];
        ILookup<string, KnownNetworkRow> written =
            (await db.KnownNetworks.Where(row => subjects.Contains(row.Subject)).ToListAsync()).ToLookup(row => row.Subject);
        foreach (IGrouping<string, KnownNetworkRow> ofOne in rows.Where(row => living.Contains(row.Subject)).GroupBy(row => row.Subject))
            Merge(db, ofOne, written[ofOne.Key].ToDictionary(row => row.Network));
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
    }

    private static void Merge(Db db, IEnumerable<KnownNetworkRow> rows, Dictionary<string, KnownNetworkRow> written)
    {
        foreach (KnownNetworkRow row in rows)
        {
            if (!written.TryGetValue(row.Network, out KnownNetworkRow? former))
                written[row.Network] = db.KnownNetworks.Add(row).Entity;
            else if (former.LastAt < row.LastAt)
                former.LastAt = row.LastAt;
        }
        db.KnownNetworks.RemoveRange(written.Values.OrderByDescending(row => row.LastAt).Skip(KnownNetworks.PerAccount));
    }
}
