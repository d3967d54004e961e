using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace JwtAuth.Server.Storage.Postgres;

/// <summary>
/// The database on a PostgreSQL server. Many write at once, of this process and of others, each in READ COMMITTED: what a transaction
/// is about is locked first, so that every later statement sees it as it is.
/// </summary>
internal sealed class PostgresDb(DbContextOptions<PostgresDb> options, WriteLanes lanes) : Db(options)
{
    /// <summary>Locks accounts and what belongs to them, in one order for all.</summary>
    public const string LockAccounts = "SELECT FROM \"AspNetUsers\" WHERE \"Id\" = ANY(@accounts) ORDER BY \"Id\" FOR NO KEY UPDATE";

    /// <summary>Bounds how long the transaction waits for what others have locked.</summary>
    public static string PatienceFor(TimeSpan patience) =>
        string.Create(CultureInfo.InvariantCulture, $"SET LOCAL lock_timeout = {(int)patience.TotalMilliseconds}");

    public static void Configure(DbContextOptionsBuilder options, NpgsqlDataSource source) => options.UseNpgsql(
        // Nothing is tried twice: whether a commit came through is not always known.
        source, postgres => postgres.ExecutionStrategy(dependencies => new NonRetryingExecutionStrategy(dependencies)));

    // After the numbers of denials: whoever takes both takes them in this order.
    public override Task LockAuditAsync() =>
        Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({Advisory.Ours}, {Advisory.AuditNumbers})");

    public override bool IsDuplicate(DbUpdateException fault) =>
        fault.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };

    // The number of a denial is drawn under a lock that is kept until the commit, as the last act before it. A sequence alone gives numbers
    // that become visible in another order, and a reader would go past what it cannot see yet.
    public override async Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        if (!ChangeTracker.Entries<DenialRow>().Any(entry => entry.State == EntityState.Added))
            return await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        if (Database.CurrentTransaction is null)
        {
            await using IDbContextTransaction transaction = await Database.BeginTransactionAsync(cancellationToken);
            int saved = await SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return saved;
        }
        await Database.ExecuteSqlAsync(
            $"SELECT pg_advisory_xact_lock({Advisory.Ours}, {Advisory.DenialNumbers})", cancellationToken);
        return await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
    }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        base.ConfigureConventions(configurationBuilder);
        // As SQLite compares: by bytes, in the same order on every server.
        configurationBuilder.Properties<string>().UseCollation("C");
    }

    protected override WriteLane LaneOf(string payer) => lanes.Of(payer);

    // One round trip, in the same order for all: everything, administration, accounts by their ids.
    protected override Task LockAsync(Extent extent)
    {
        string shared = extent.IsEverything ? Advisory.Lock(Advisory.Everything) : Advisory.LockShared(Advisory.Everything);
        string statements = $"{PatienceFor(lanes.Patience)}; SELECT {shared};";
        if (extent.IsAdministration)
            statements += $" SELECT {Advisory.Lock(Advisory.Administration)};";
        if (extent.Accounts.Count == 0)
            return Database.ExecuteSqlRawAsync(statements);
        statements += $" {LockAccounts}";
        return Database.ExecuteSqlRawAsync(statements, new NpgsqlParameter<string[]>("accounts", [.. extent.Accounts]));
    }
}

/// <summary>For <c>dotnet ef migrations add NAME --context PostgresDb -o Storage/Postgres/Migrations</c>. No server is asked.</summary>
internal sealed class PostgresDbFactory : IDesignTimeDbContextFactory<PostgresDb>
{
    public PostgresDb CreateDbContext(string[] args)
    {
        var source = NpgsqlDataSource.Create("Host=nowhere");
        var options = new DbContextOptionsBuilder<PostgresDb>();
        PostgresDb.Configure(options, source);
        return new PostgresDb(options.Options, new WriteLanes(TimeSpan.Zero, TimeProvider.System));
    }
}
