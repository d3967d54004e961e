using System.Security.Cryptography;
using System.Text;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.Sealing;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace JwtAuth.Server.Storage;

/// <summary>Brings the database to this version's schema and finds the master key that belongs to it. One process at a time.</summary>
internal sealed class DatabaseStart(Engine engine, SealingSettings @sealed)
{
    private const string Purpose = "check";
    private const string Phrase = "the right master key opens this, and rows are sealed";

    // That of a version that knew no seals. It is sealed, so nobody can bring it back who has not kept it.
    private const string OlderPhrase = "the right master key opens this";

    private const string Check = """SELECT "Sealed" FROM "MasterKeyChecks" """;

    private MasterKey? masterKey;

    /// <summary>The key that has sealed this database. It is there once <see cref="PrepareAsync"/> is done.</summary>
    public MasterKey MasterKey => masterKey ?? throw new InvalidOperationException("The database has not been prepared.");

    /// <summary>
    /// Identifies this database's history. Another database has another identity, even with the same rows, and so has one that was put back
    /// from a backup, once that was said.
    /// </summary>
    public string Identity { get; private set; } = "";

    /// <summary>Begins another history, in the caller's transaction: whoever knows the old one begins anew.</summary>
    public async Task BeginAnewAsync(Db db) => Identity = IdentityOf(await WriteCheckAsync(db));

    /// <summary>Notices that another process has begun another history.</summary>
    public async Task LookAsync(PreparedReads reads, CancellationToken cancellation = default)
    {
        if (await reads.AskAsync(Check, async reader => await reader.ReadAsync() ? reader.BytesOrNull(0) : null, cancellation) is { } check)
            Identity = IdentityOf(check);
    }

    /// <summary>Prepares the data directory and the schema, and finds the master key.</summary>
    /// <param name="db">The database, asked for only where there is something to write.</param>
    /// <param name="issuer">Whose tokens this process issues; <see langword="null"/> for a command, which issues none.</param>
    /// <param name="sealOlderRows">
    /// Called once in the life of a database that a version without seals has written, in the transaction that notes it.
    /// </param>
    /// <exception cref="ConfigurationFaultException">
    /// The database cannot be opened or written, others may write where it is, it is sealed with another key, or a process with another
    /// issuer is using it.
    /// </exception>
    public async Task PrepareAsync(Func<Db> db, string? issuer = null, Func<Task>? sealOlderRows = null)
    {
        try
        {
            PrivateFiles.MakeDirectory(@sealed.DataDirectory);
            await using IAsyncDisposable only = await engine.EnterAloneAsync();
            if (issuer is not null)
                await engine.EnterAsync(issuer);
            if (!await engine.IsCurrentAsync())
                await engine.MigrateAsync(db());
            await UnlockAsync(db, sealOlderRows);
        }
        catch (Exception fault) when (engine.StartFaultOf(fault) is { } told)
        {
            throw told;
        }
    }

    private async Task UnlockAsync(Func<Db> open, Func<Task>? sealOlderRows)
    {
        byte[]? check;
        using (var connection = new PreparedConnection(await engine.OpenAsync()))
            check = await connection.AskAsync<byte[]>(Check);
        masterKey = @sealed.MasterKey is { } configured
            ? new MasterKey(configured) : MasterKeyFile.Read(@sealed.DataDirectory, mayMake: check is null);
        if (check is null)
        {
            check = NewCheck(MasterKey);
            Db db = open();
            db.MasterKeyChecks.Add(new MasterKeyCheck { Id = 1, Sealed = check });
            await db.SaveChangesAsync();
        }
        else if (Read(MasterKey, check) == OlderPhrase && sealOlderRows is not null)
        {
            Db db = open();
            await using IDbContextTransaction transaction = await db.Database.BeginTransactionAsync();
            await sealOlderRows();
            check = await WriteCheckAsync(db);
            await transaction.CommitAsync();
        }
        Identity = IdentityOf(check);
    }

    private static string Read(MasterKey key, byte[] check)
    {
        try
        {
            return Encoding.ASCII.GetString(key.Open(Purpose, Purpose, check));
        }
        catch (CryptographicException)
        {
            throw new ConfigurationFaultException("JwtAuth:MasterKey is not the key that this database was sealed with; "
                + "restore that key, or begin with an empty data directory.");
        }
    }

    private async Task<byte[]> WriteCheckAsync(Db db)
    {
        byte[] check = NewCheck(MasterKey);
        await db.MasterKeyChecks.ExecuteUpdateAsync(set => set.SetProperty(row => row.Sealed, check));
        return check;
    }

    private static byte[] NewCheck(MasterKey key) => key.Seal(Purpose, Purpose, Encoding.ASCII.GetBytes(Phrase));

    // It is sealed with a random nonce, so no two databases have the same.
    private static string IdentityOf(byte[] check) => Convert.ToHexStringLower(SHA256.HashData(check).AsSpan(0, 8));
}
