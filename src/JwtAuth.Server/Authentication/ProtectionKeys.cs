using System.Text;
using System.Xml.Linq;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace JwtAuth.Server.Authentication;

/// <summary>
/// The key ring of Data Protection, which protects signed cookies. It is in the database, so that every process can open what another has
/// protected, and it is sealed with the master key. The repository is synchronous because its callers are. It is read at the start and once
/// a day. If two processes make a key at once, the second takes the first one's: after storing a key, Data Protection reads the ring again
/// and uses what is there.
/// </summary>
internal sealed class ProtectionKeys(IServiceScopeFactory scopes, MasterKey masterKey) : IXmlRepository
{
    private const string Purpose = "data protection";

    // How many keys there were at the last reading.
    private int known;

    public IReadOnlyCollection<XElement> GetAllElements()
    {
        using IServiceScope scope = scopes.CreateScope();
        XElement[] keys = [.. scope.ServiceProvider.GetRequiredService<Db>().ProtectionKeys.AsNoTracking().AsEnumerable()
            .Select(row => XElement.Parse(Encoding.UTF8.GetString(masterKey.Open(Purpose, row.Name, row.Sealed))))];
        known = keys.Length;
        return keys;
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        using IServiceScope scope = scopes.CreateScope();
        Db db = scope.ServiceProvider.GetRequiredService<Db>();
        byte[] text = Encoding.UTF8.GetBytes(element.ToString(SaveOptions.DisableFormatting));
        using IDbContextTransaction transaction = db.Database.BeginTransaction(); // shuts out other writers
        if (db.ProtectionKeys.Count() > known)
            return;
        db.ProtectionKeys.Add(new ProtectionKeyRow { Name = friendlyName, Sealed = masterKey.Seal(Purpose, friendlyName, text) });
        db.SaveChanges();
        transaction.Commit();
    }
}
