using System.Data.Common;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.Storage;
using JwtAuth.Server.Storage.Postgres;
using JwtAuth.Server.Storage.Sqlite;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Storage;

/// <summary>What a start asks of EF Core, which takes longer than everything else at the start.</summary>
public sealed class StartTests : IAsyncDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
    private int asked;

    [Fact]
    public async Task Only_a_start_that_has_to_change_the_schema_asks_for_it()
    {
        await PrepareAsync();
        asked.Should().BePositive("there was no database");

        (await IsCurrentAsync()).Should().BeTrue();
        asked = 0;
        await PrepareAsync();
        asked.Should().Be(0);

        Execute("""
            DELETE FROM "__EFMigrationsHistory" WHERE "MigrationId" = (SELECT max("MigrationId") FROM "__EFMigrationsHistory")
            """);
        (await IsCurrentAsync()).Should().BeFalse("one migration is missing");
    }

    [Fact]
    public async Task A_database_of_a_later_version_is_current()
    {
        await PrepareAsync();
        Execute("INSERT INTO \"__EFMigrationsHistory\" (\"MigrationId\", \"ProductVersion\") VALUES ('99990101000000_Later', '99.0.0')");

        asked = 0;
        await PrepareAsync();

        asked.Should().Be(0, "as EF Core has it: what is not known is left alone");
    }

    private async Task PrepareAsync()
    {
        Engine engine = NewEngine();
        await using var own = engine as IAsyncDisposable;
        await using Db db = TestedStore.OpenAsAnother(directory);
        await new DatabaseStart(engine, new SealingSettings(directory, MasterKey: null)).PrepareAsync(() =>
        {
            asked++;
            return db;
        });
    }

    private async Task<bool> IsCurrentAsync()
    {
        Engine engine = NewEngine();
        await using var own = engine as IAsyncDisposable;
        return await engine.IsCurrentAsync();
    }

    private Engine NewEngine() => TestedStore.IsPostgres
        ? new PostgresEngine(new StorageSettings(StorageProvider.Postgres, TestedStore.ConnectionString(directory)), directory)
        : new SqliteEngine(TestedStore.ConnectionString(directory), directory);

    private void Execute(string statement)
    {
        using DbConnection connection = TestedStore.OpenConnection(directory);
        using DbCommand command = connection.CreateCommand();
        command.CommandText = statement;
        command.ExecuteNonQuery();
    }

    public async ValueTask DisposeAsync()
    {
        await TestedStore.LetGoAsync(directory);
        Directory.Delete(directory, recursive: true);
    }
}
