using System.Security.Cryptography;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Audit;

/// <summary>
/// Chains the records: each MAC, under a subkey of the master key, covers its record and the MAC of the one before. So who can write the
/// database, and has no master key, can neither change a record nor put one in, nor take one out unless it is the last.
/// </summary>
internal sealed class AuditChain(MasterKey masterKey)
{
    /// <summary>What stands in place of the MAC before the first record.</summary>
    public static readonly byte[] Beginning = new byte[HMACSHA256.HashSizeInBytes];

    private readonly MacKey key = masterKey.MacKey("audit trail");

    /// <summary>The MAC of a record after the one with this MAC.</summary>
    public byte[] MacOf(AuditRow row, byte[] previous) => MacOf(row, row.Number, previous);

    /// <summary>Whether a record is as this service wrote it, with this number and after the one with this MAC.</summary>
    public bool Fits(AuditRow row, long number, byte[] previous) =>
        CryptographicOperations.FixedTimeEquals(row.Mac, MacOf(row, number, previous));

    private byte[] MacOf(AuditRow row, long number, byte[] previous)
    {
        byte[] mac = new byte[HMACSHA256.HashSizeInBytes];
        key.Compute(SealedColumns.Encode(row.MacColumns(number).Prepend(previous)), mac);
        return mac;
    }
}
