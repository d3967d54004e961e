using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.Observability;

namespace JwtAuth.Server.Sealing;

/// <summary>A row of the database that nobody can write who does not hold the master key.</summary>
internal interface ISealedRow
{
    /// <summary>The MAC over the row. <see langword="null"/> in a row of a version that knew no seals.</summary>
    byte[]? Seal { get; set; }

    /// <summary>What the row is, for the log and for the seal, so that no row can stand in another table.</summary>
    string Kind { get; }

    /// <summary>The row's name in the log.</summary>
    string Name { get; }

    /// <summary>
    /// Every column that a check relies on, in an order that never changes: text, bytes, numbers, truth values and moments.
    /// </summary>
    IEnumerable<object?> SealedColumns { get; }
}

/// <summary>
/// Seals rows whole, with HMAC-SHA256 under a subkey of the master key, and tells which rows fit their seal. A row that does not fit was
/// not written by this service. It is not used, and the operator is told once for each. Safe for concurrent use.
/// </summary>
internal sealed partial class RowSeals(MasterKey masterKey, ILogger<RowSeals> log)
{
    // Who can write the database could fill the log too.
    private const int MostTold = 100;

    private readonly MacKey key = masterKey.MacKey("rows");
    private readonly ConcurrentDictionary<(string, string), bool> told = new();

    /// <summary>Puts the seal on a row. What changes in it afterwards breaks the seal.</summary>
    public void Seal(ISealedRow row) => row.Seal = MacOf(row);

    /// <summary>Whether the row is as this service wrote it.</summary>
    public bool Fits(ISealedRow row) => row.Seal is { } seal && CryptographicOperations.FixedTimeEquals(seal, MacOf(row));

    /// <summary>Whether a row may be used. If not, that is logged, once for each row.</summary>
    /// <param name="row">A row as it was read.</param>
    /// <param name="fault">What else speaks against it; <see langword="null"/> if nothing does.</param>
    public bool Believes(ISealedRow row, string? fault = null)
    {
        fault = Fits(row) ? fault : row.Seal is null ? "it has no seal" : "its seal does not fit";
        if (fault is null)
            return true;
        Tell(row.Kind, row.Name, fault);
        return false;
    }

    /// <summary>Logs once that a row is not used.</summary>
    public void Tell(string kind, string name, string fault)
    {
        if (told.Count < MostTold && told.TryAdd((kind, name), true))
            log.RowNotBelieved(kind, Printable(name), fault);
    }

    /// <summary>A row's name, if it is one that this service gives. Another one may hold anything.</summary>
    public static string Printable(string name) => OwnName().IsMatch(name) ? name : "(not a name of this service)";

    private byte[] MacOf(ISealedRow row)
    {
        byte[] mac = new byte[HMACSHA256.HashSizeInBytes];
        key.Compute(SealedColumns.Encode(row.SealedColumns.Prepend(row.Kind)), mac);
        return mac;
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_-]{1,64}\z")]
    private static partial Regex OwnName();
}
