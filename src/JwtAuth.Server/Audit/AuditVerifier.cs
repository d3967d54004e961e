using System.Data.Common;
using System.Security.Cryptography;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Audit;

/// <summary>What a walk along the chain has found.</summary>
/// <param name="Records">How many records there are.</param>
/// <param name="First">The number of the first that has to be there.</param>
/// <param name="Head">The last record.</param>
/// <param name="Notes">What is worth knowing, and is no fault.</param>
/// <param name="Faults">What is wrong, each in a sentence that names the record. At most <see cref="AuditVerifier.MostFaults"/>.</param>
internal sealed record AuditVerification(
    long Records, long First, AuditHead Head, IReadOnlyList<string> Notes, IReadOnlyList<string> Faults);

/// <summary>
/// Walks along the chain from its beginning, or from where records were deleted by age, to its end. A page at a time: the memory that it
/// takes does not grow with the trail.
/// </summary>
internal sealed class AuditVerifier(AuditReader reader, AuditChain chain, RowSeals seals)
{
    /// <summary>How many faults are named.</summary>
    public const int MostFaults = 20;

    private const string Checkpoint = """SELECT "Number", "Mac", "At", "Seal" FROM "AuditCheckpoints" """;

    private const string Count = """SELECT count(*) FROM "AuditRecords" """;

    /// <summary>Verifies the trail.</summary>
    /// <param name="witnessed">A head of the trail that was kept elsewhere; <see langword="null"/> if there is none.</param>
    /// <param name="progress">Is told how many records were read, and how many there are.</param>
    /// <exception cref="DbException">The store cannot be read.</exception>
    public async Task<AuditVerification> VerifyAsync(AuditHead? witnessed, Action<long, long> progress)
    {
        var walk = new Walk(chain, witnessed);
        long total = 0, read = 0;
        await reader.ReadAsync(
            new AuditFilter { After = long.MinValue },
            page =>
            {
                foreach (AuditRow row in page)
                    walk.Pass(row);
                progress(read += page.Count, total);
            },
            first: async connection =>
            {
                total = await connection.AskAsync<long>(Count);
                await using DbDataReader found = await connection.ReadAsync(Checkpoint, default);
                if (await found.ReadAsync())
                    Begin(walk, new AuditCheckpointRow
                    {
                        Number = found.GetInt64(0),
                        Mac = found.BytesOrNull(1) ?? [],
                        At = found.GetMoment(2),
                        Seal = found.BytesOrNull(3),
                    });
            });
        return walk.End();
    }

    private void Begin(Walk walk, AuditCheckpointRow checkpoint)
    {
        if (seals.Fits(checkpoint))
            walk.BeginAfter(checkpoint);
        else
            walk.Faults.Add("the checkpoint, which says up to where records were deleted by age, "
                + "was changed or was not written by this service");
    }

    private sealed class Walk(AuditChain chain, AuditHead? witnessed)
    {
        // Kept to see whether one is another that was moved.
        private readonly List<(AuditRow Row, byte[] Previous)> odd = [];
        private readonly List<string> notes = [];
        private AuditHead last = new(0, AuditChain.Beginning);
        private long first = 1, records;
        private bool isPreviousThere = true, isWitnessMet;

        public List<string> Faults { get; } = [];

        public void BeginAfter(AuditCheckpointRow checkpoint)
        {
            (last, first) = (new AuditHead(checkpoint.Number, checkpoint.Mac), checkpoint.Number + 1);
            notes.Add($"records up to {checkpoint.Number} were deleted by age, at {checkpoint.At:u}");
            if (witnessed?.Number == checkpoint.Number)
                Meet(checkpoint.Mac);
            else if (witnessed?.Number < checkpoint.Number)
            {
                notes.Add($"record {witnessed.Number}, whose head was given, was deleted by age: it cannot be compared");
                isWitnessMet = true;
            }
        }

        public void Pass(AuditRow row)
        {
            records++;
            if (row.Number <= last.Number)
            {
                Add($"record {row.Number} was put in: its number was deleted by age, or there is none like it");
                return;
            }
            if (row.Number > last.Number + 1)
            {
                Add(Named(last.Number + 1, row.Number - 1, records == 1 ? "missing in front" : "missing"));
                isPreviousThere = false;
            }
            if (isPreviousThere && !chain.Fits(row, row.Number, last.Mac))
            {
                if (odd.Count < MostFaults)
                    odd.Add((row, last.Mac));
                else
                    Add($"record {row.Number} was changed, or was not written by this service");
            }
            if (row.Number == witnessed?.Number)
                Meet(row.Mac);
            (last, isPreviousThere) = (new AuditHead(row.Number, row.Mac), true);
        }

        public AuditVerification End()
        {
            foreach ((AuditRow row, byte[] previous) in odd)
                Add(OriginOf(row, previous) is { } number
                    ? $"record {row.Number} is the one that was written as {number}: records were moved, put in or taken out before it"
                    : $"record {row.Number} was changed, or was not written by this service");
            if (witnessed is not null && !isWitnessMet)
                Add($"record {witnessed.Number}, whose head was given, is not there: the trail was cut at the end, and its last record is "
                    + $"{last.Number}");
            return new AuditVerification(records, first, last, notes, Faults);
        }

        private void Meet(byte[] mac)
        {
            isWitnessMet = true;
            if (!CryptographicOperations.FixedTimeEquals(mac, witnessed!.Mac))
                Add($"record {witnessed.Number} is not the one whose head was given: the trail was cut before it and written anew, "
                    + "or the database was restored");
        }

        // The number with which a record does fit: one beside its own, or that of another one that does not fit.
        private long? OriginOf(AuditRow row, byte[] previous)
        {
            foreach (long number in (long[])[row.Number - 1, row.Number + 1])
            {
                if (chain.Fits(row, number, previous))
                    return number;
            }
            foreach ((AuditRow other, byte[] before) in odd.Where(pair => pair.Row != row))
            {
                if (chain.Fits(row, other.Number, before) || chain.Fits(row, other.Number, other.Mac))
                    return other.Number;
            }
            return null;
        }

        private void Add(string fault)
        {
            if (Faults.Count < MostFaults)
                Faults.Add(fault);
            else if (Faults.Count == MostFaults)
                Faults.Add("there are more");
        }

        private static string Named(long from, long to, string fault) =>
            from == to ? $"record {from} is {fault}" : $"records {from} to {to} are {fault}";
    }
}
