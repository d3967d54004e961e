using System.Security.Cryptography;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.Sealing;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Storage;

/// <summary>Brings the database to this version's schema and finds the master key that belongs to it. One process at a time.</summary>
internal sealed class DatabaseStart(StorageSettings settings, SealingSettings @sealed)
{
    private const string Purpose = "check";
    private const string Phrase = "the right master key opens this";

    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(60);

    private MasterKey? masterKey;

    /// <summary>The key that has sealed this database. It is there once <see cref="PrepareAsync"/> is done.</summary>
    public MasterKey MasterKey => masterKey ?? throw new InvalidOperationException("The database has not been prepared.");

    /// <summary>Identifies this database. Another database has another identity, even with the same rows.</summary>
    public string Identity { get; private set; } = "";

    /// <summary>Prepares the data directory and the schema, and finds the master key.</summary>
    /// <exception cref="ConfigurationFaultException">
    /// The database cannot be opened or written, or it is sealed with another key.
    /// </exception>
    public async Task PrepareAsync(Db db)
    {
        string file = Path.GetFullPath(new SqliteConnectionStringBuilder(settings.ConnectionString).DataSource);
        string key = Path.GetDirectoryName(file) == @sealed.DataDirectory ? "JwtAuth:DataDirectory" : "JwtAuth:Storage:ConnectionString";
        try
        {
            MakePrivately(@sealed.DataDirectory, file);
            await using FileStream only = await EnterAloneAsync(file + ".start.lock");
            await MigrateAsync(db);
            masterKey = await UnlockAsync(db);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationFaultException(
                $"{key}: {file} cannot be opened ({fault.Message}); name a place that this user may write to.");
        }
        catch (Exception fault) when (fault is SqliteException or ArgumentException)
        {
            throw new ConfigurationFaultException(
                $"{key}: {file} is no database of this service ({fault.Message}); name another file, or restore this one.");
        }
    }

    // Nobody else may read password hashes. The files that SQLite adds get the mode of the database.
    private static void MakePrivately(string directory, string file)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(directory);
        else
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Open(file, FileShare.ReadWrite).Dispose();
    }

    private static FileStream Open(string path, FileShare share)
    {
        FileStreamOptions options = new() { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = share };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(path, options);
    }

    private static async Task MigrateAsync(Db db)
    {
        await db.Database.OpenConnectionAsync();
        // A process that was killed during a migration leaves this table behind. The lock on the file protects us; it ends with its
        // process.
        await db.Database.ExecuteSqlRawAsync("DROP TABLE IF EXISTS \"__EFMigrationsLock\"");
        await db.Database.ExecuteSqlRawAsync("PRAGMA journal_mode=WAL");
        await db.Database.MigrateAsync();
    }

    private async Task<MasterKey> UnlockAsync(Db db)
    {
        MasterKeyCheck? check = await db.MasterKeyChecks.AsNoTracking().SingleOrDefaultAsync();
        MasterKey key = @sealed.MasterKey is { } configured ? new MasterKey(
            configured) : MasterKeyFile.Read(@sealed.DataDirectory, mayMake: check is null);
        if (check is null)
        {
            check = new MasterKeyCheck { Id = 1, Sealed = key.Seal(Purpose, Purpose, System.Text.Encoding.ASCII.GetBytes(Phrase)) };
            db.MasterKeyChecks.Add(check);
            await db.SaveChangesAsync();
            Identity = IdentityOf(check);
            return key;
        }

        try
        {
            key.Open(Purpose, Purpose, check.Sealed);
            Identity = IdentityOf(check);
            return key;
        }
        catch (CryptographicException)
        {
            throw new ConfigurationFaultException("JwtAuth:MasterKey is not the key that this database was sealed with; "
                + "restore that key, or begin with an empty data directory.");
        }
    }

    // It is sealed with a random nonce, so no two databases have the same.
    private static string IdentityOf(MasterKeyCheck check) => Convert.ToHexStringLower(SHA256.HashData(check.Sealed).AsSpan(0, 8));

    private static async Task<FileStream> EnterAloneAsync(string path)
    {
        TimeProvider time = TimeProvider.System; // other processes do not share our clock
        long start = time.GetTimestamp();
        while (true)
        {
            try
            {
                return Open(path, FileShare.None);
            }
            catch (IOException) when (time.GetElapsedTime(start) < LockPatience && File.Exists(path))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), time);
            }
        }
    }
}
