using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace JwtAuth.Server.Storage;

/// <summary>The service's database. Each provider has its own context, because its migrations belong to it.</summary>
internal abstract class Db(DbContextOptions options, WriteLane lane) : IdentityDbContext<Account, IdentityRole, string>(options)
{
    public DbSet<SessionRow> Sessions => Set<SessionRow>();

    public DbSet<PersonalAccessTokenRow> PersonalAccessTokens => Set<PersonalAccessTokenRow>();

    public DbSet<ProtectionKeyRow> ProtectionKeys => Set<ProtectionKeyRow>();

    public DbSet<DenialRow> Denials => Set<DenialRow>();

    public DbSet<SigningKeyRow> SigningKeys => Set<SigningKeyRow>();

    public DbSet<MasterKeyCheck> MasterKeyChecks => Set<MasterKeyCheck>();

    /// <summary>Begins to write, in turn with the other writers of this process.</summary>
    /// <exception cref="StorageBusyException">Other writers of this process have taken too long.</exception>
    public async Task<WriteTransaction> BeginWriteAsync()
    {
        await lane.EnterAsync();
        try
        {
            return new WriteTransaction(await Database.BeginTransactionAsync(), lane);
        }
        catch
        {
            lane.Leave();
            throw;
        }
    }

    /// <summary>
    /// A number that changes whenever somebody else has committed. It is cheap, and asked again and again on the same connection, which
    /// stays open.
    /// </summary>
    public abstract Task<long> DataVersionAsync();

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
            key.Property(row => row.Algorithm).HasConversion<string>();
        });
        builder.Entity<SessionRow>(session =>
        {
            session.HasKey(row => row.SessionId);
            session.HasIndex(row => row.Subject);
            session.HasIndex(row => row.CookieHash).IsUnique();
            session.HasOne<Account>().WithMany().HasForeignKey(row => row.Subject).OnDelete(DeleteBehavior.Cascade);
        });
        builder.Entity<PersonalAccessTokenRow>(token =>
        {
            token.HasKey(row => row.Id);
            token.HasIndex(row => row.Subject);
            token.HasIndex(row => row.Hash).IsUnique();
            token.HasOne<Account>().WithMany().HasForeignKey(row => row.Subject).OnDelete(DeleteBehavior.Cascade);
        });
        builder.Entity<ProtectionKeyRow>(key => key.HasKey(row => row.Name));
        builder.Entity<DenialRow>(denial =>
        {
            denial.HasKey(row => row.Number);
            denial.HasIndex(row => row.Name);
            denial.HasIndex(row => row.ExpiresAt);
            denial.Property(row => row.Kind).HasConversion<string>();
        });
        builder.Entity<MasterKeyCheck>(check => check.HasKey(row => row.Id));
    }

    /// <summary>A time that every provider can compare and sort by.</summary>
    private sealed class UnixMilliseconds() : ValueConverter<DateTimeOffset, long>(
        moment => moment.ToUnixTimeMilliseconds(), milliseconds => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds));
}

/// <summary>A sealed constant. Only the right master key opens it.</summary>
internal sealed class MasterKeyCheck
{
    public int Id { get; init; }

    public required byte[] Sealed { get; init; }
}
