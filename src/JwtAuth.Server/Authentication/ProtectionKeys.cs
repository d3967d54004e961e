using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Authentication;

/// <summary>
/// The key ring of Data Protection, which protects signed cookies. It is in the database, so that every process can open what another has
/// protected, and it is sealed with the master key. The repository is synchronous because its callers are. It is read at the start and once
/// a day. If two processes make a key at once, the second takes the first one's: after storing a key, Data Protection reads the ring again
/// and uses what is there. A key that does not open is left out, and the operator is told once.
/// </summary>
internal sealed class ProtectionKeys(PreparedReads reads, IServiceScopeFactory scopes, MasterKey masterKey, RowSeals seals) : IXmlRepository
{
    private const string Purpose = "data protection";

    private const string All = """SELECT "Name", "Sealed" FROM "ProtectionKeys" """;

    // How many rows there were at the last reading.
    private int known;

    public IReadOnlyCollection<XElement> GetAllElements()
    {
        List<ProtectionKeyRow> rows = reads.AskAsync(All, ReadAsync, default).GetAwaiter().GetResult();
        known = rows.Count;
        return [.. rows.Select(Open).OfType<XElement>()];
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        using IServiceScope scope = scopes.CreateScope();
        Db db = scope.ServiceProvider.GetRequiredService<Db>();
        byte[] text = Encoding.UTF8.GetBytes(element.ToString(SaveOptions.DisableFormatting));
        StoreAsync(db, new ProtectionKeyRow { Name = friendlyName, Sealed = masterKey.Seal(Purpose, friendlyName, text) })
            .GetAwaiter().GetResult();
    }

    private static async Task<List<ProtectionKeyRow>> ReadAsync(DbDataReader reader)
    {
        List<ProtectionKeyRow> rows = [];
        while (await reader.ReadAsync())
            rows.Add(new() { Name = reader.GetString(0), Sealed = reader.GetFieldValue<byte[]>(1) });
        return rows;
    }

    private async Task StoreAsync(Db db, ProtectionKeyRow row)
    {
        await using WriteTransaction transaction =
            await db.BeginWriteAsync(Urgency.Ending, "keys of Data Protection", Extent.Everything);
        if (await db.ProtectionKeys.CountAsync() > known)
            return;
        db.ProtectionKeys.Add(row);
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
    }

    private XElement? Open(ProtectionKeyRow row)
    {
        try
        {
            return XElement.Parse(Encoding.UTF8.GetString(masterKey.Open(Purpose, row.Name, row.Sealed)));
        }
        catch (CryptographicException)
        {
            seals.Tell("key of Data Protection", row.Name, "it does not open with the master key");
            return null;
        }
    }
}
