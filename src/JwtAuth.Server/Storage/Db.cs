using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace JwtAuth.Server.Storage;

/// <summary>The service's database. Each provider has its own context, because its migrations belong to it.</summary>
internal abstract class Db(DbContextOptions options) : IdentityDbContext<Account, IdentityRole, string>(options)
{
    public DbSet<SessionRow> Sessions => Set<SessionRow>();

    public DbSet<PersonalAccessTokenRow> PersonalAccessTokens => Set<PersonalAccessTokenRow>();

    public DbSet<KnownNetworkRow> KnownNetworks => Set<KnownNetworkRow>();

    public DbSet<AttemptRow> Attempts => Set<AttemptRow>();

    public DbSet<FeedListenerRow> FeedListeners => Set<FeedListenerRow>();

    public DbSet<ProtectionKeyRow> ProtectionKeys => Set<ProtectionKeyRow>();

    public DbSet<DenialRow> Denials => Set<DenialRow>();

    public DbSet<AuditRow> AuditRecords => Set<AuditRow>();

    public DbSet<AuditCheckpointRow> AuditCheckpoints => Set<AuditCheckpointRow>();

    public DbSet<SigningKeyRow> SigningKeys => Set<SigningKeyRow>();

    public DbSet<MasterKeyCheck> MasterKeyChecks => Set<MasterKeyCheck>();

    public DbSet<WriteProbe> WriteProbes => Set<WriteProbe>();

    /// <summary>Begins to write, in turn with the other writers of this process.</summary>
    /// <param name="urgency">Who comes before whom.</param>
    /// <param name="payer">Whose turn it is: an account, or a network or a client where there is none.</param>
    /// <param name="extent">What nobody else changes until the transaction ends.</param>
    /// <exception cref="StorageBusyException">Other writers of this process have taken too long.</exception>
    public async Task<WriteTransaction> BeginWriteAsync(Urgency urgency, string payer, Extent extent)
    {
        WriteLane lane = LaneOf(payer);
        await lane.EnterAsync(urgency, payer);
        IDbContextTransaction? transaction = null;
        try
        {
            transaction = await Database.BeginTransactionAsync();
            await LockAsync(extent);
            return new WriteTransaction(transaction, lane);
        }
        catch
        {
            await (transaction?.DisposeAsync() ?? ValueTask.CompletedTask);
            lane.Leave();
            throw;
        }
    }

    /// <summary>
    /// Keeps everybody else from writing to the audit trail until the transaction ends. It is taken as the last act before the commit.
    /// </summary>
    public abstract Task LockAuditAsync();

    /// <summary>Whether a row was refused because another has its name.</summary>
    public abstract bool IsDuplicate(DbUpdateException fault);

    /// <summary>Where the writers of a payer wait.</summary>
    protected abstract WriteLane LaneOf(string payer);

    /// <summary>Locks what a transaction is about, until it ends.</summary>
    protected abstract Task LockAsync(Extent extent);

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UnixMilliseconds>();

    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        builder.Entity<Account>(account =>
        {
            account.Property(row => row.UserName).IsRequired();
            account.Property(row => row.NormalizedUserName).IsRequired();
        });
        builder.Entity<SigningKeyRow>(key =>
        {
            key.HasKey(row => row.KeyId);
            key.Property(row => row.Algorithm).HasConversion(algorithm => algorithm.ToString(), text => SigningKeyRow.AlgorithmOf(text));
        });
        builder.Entity<SessionRow>(session =>
        {
            session.HasKey(row => row.SessionId);
            session.HasIndex(row => row.Subject);
            // Without the filter, SQLite takes this one to find the sessions that have no cookie, and reads all of them.
            session.HasIndex(row => row.CookieHash).IsUnique().HasFilter("\"CookieHash\" IS NOT NULL");
            // By these, rows that are over are found without reading the others.
            session.HasIndex(row => row.ExpiresAt);
            session.HasIndex(row => row.RotatedAt, "IX_Sessions_RotatedAt_RefreshTokens").HasFilter("\"CookieHash\" IS NULL");
            session.HasIndex(row => row.RotatedAt, "IX_Sessions_RotatedAt_Cookies").HasFilter("\"CookieHash\" IS NOT NULL");
            session.HasOne<Account>().WithMany().HasForeignKey(row => row.Subject).OnDelete(DeleteBehavior.Cascade);
        });
        builder.Entity<PersonalAccessTokenRow>(token =>
        {
            token.HasKey(row => row.Id);
            token.HasIndex(row => row.Subject);
            token.HasIndex(row => row.Hash).IsUnique();
            token.HasIndex(row => row.ExpiresAt);
            token.HasOne<Account>().WithMany().HasForeignKey(row => row.Subject).OnDelete(DeleteBehavior.Cascade);
        });
        builder.Entity<KnownNetworkRow>(network =>
        {
            network.HasKey(row => new { row.Subject, row.Network });
            network.HasIndex(row => row.LastAt);
            network.HasOne<Account>().WithMany().HasForeignKey(row => row.Subject).OnDelete(DeleteBehavior.Cascade);
        });
        builder.Entity<AttemptRow>(attempt =>
        {
            attempt.HasKey(row => row.Number);
            attempt.HasIndex(row => row.At);
        });
        builder.Entity<FeedListenerRow>(listener =>
        {
            listener.HasKey(row => new { row.ClientId, row.Instance });
            listener.HasIndex(row => row.SeenAt);
        });
        builder.Entity<ProtectionKeyRow>(key => key.HasKey(row => row.Name));
        builder.Entity<DenialRow>(denial =>
        {
            denial.HasKey(row => row.Number);
            denial.HasIndex(row => row.Name);
            denial.HasIndex(row => row.ExpiresAt);
            denial.HasIndex(row => new { row.TokenSubject, row.ExpiresAt });
            denial.Property(row => row.Kind).HasConversion<string>();
        });
        builder.Entity<AuditRow>(record =>
        {
            record.ToTable("AuditRecords").HasKey(row => row.Number);
            record.Property(row => row.Number).ValueGeneratedNever();
            record.HasIndex(row => new { row.Subject, row.Number });
            record.HasIndex(row => new { row.Event, row.Number });
            record.HasIndex(row => row.At);
        });
        builder.Entity<AuditCheckpointRow>(checkpoint =>
        {
            checkpoint.ToTable("AuditCheckpoints").HasKey(row => row.Id);
            checkpoint.Property(row => row.Id).ValueGeneratedNever();
        });
        builder.Entity<MasterKeyCheck>(check => check.HasKey(row => row.Id));
        builder.Entity<WriteProbe>(probe => probe.HasKey(row => row.Id));
    }

    private sealed class UnixMilliseconds()
        : ValueConverter<DateTimeOffset, long>(moment => moment.ToStored(), stored => StoredValues.MomentOf(stored));
}

/// <summary>A sealed constant. Only the right master key opens it.</summary>
internal sealed class MasterKeyCheck
{
    public int Id { get; init; }

    public required byte[] Sealed { get; init; }
}

/// <summary>What is written to see whether the store can be written. Its table is always empty.</summary>
internal sealed class WriteProbe
{
    public long Id { get; init; }

    public required byte[] Content { get; init; }
}
