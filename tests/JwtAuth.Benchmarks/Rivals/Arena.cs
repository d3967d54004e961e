using System.CommandLine;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Benchmarks.Rivals;

/// <summary>Where contenders are made: their programs, directories, and a PostgreSQL server for those that want one.</summary>
internal sealed class Arena : IAsyncDisposable
{
    public const string Sqlite = "JwtAuth, SQLite", Postgres = "JwtAuth, PostgreSQL", Identity = "Identity API, SQLite",
        OpenIddict = "OpenIddict, SQLite", Better = "better-auth, PostgreSQL", Oidc = "oidc-provider, in memory",
        Published = ", published", Built = ", built";

    private readonly List<string> directories = [];
    private readonly string? scripts;
    private readonly PostgresServer? postgres;

    private Arena(DirectoryInfo? artifacts, string? scripts, PostgresServer? postgres)
    {
        (this.scripts, this.postgres) = (scripts, postgres);
        Builds = new Builds(artifacts?.FullName ?? NewDirectory());
        if (scripts is null)
            LeftOut.Add("better-auth and oidc-provider are left out: there is no Node.js 20.19 or later on this machine.");
        if (postgres is null)
            LeftOut.Add("JwtAuth on PostgreSQL and better-auth are left out: there is no PostgreSQL server on this machine.");
    }

    public Builds Builds { get; }

    /// <summary>What could not be measured here, and why.</summary>
    public List<string> LeftOut { get; } = [];

    /// <summary>What a verb is told where its builds are to be kept.</summary>
    public static Option<DirectoryInfo?> ArtifactsOption() =>
        new("--artifacts") { Description = "A directory to keep the builds in, which then take less time; one for this run by default" };

    public static async Task<Arena> MakeAsync(DirectoryInfo? artifacts, CancellationToken stopping) => new(
        artifacts, await Builds.InstallAsync(stopping), PostgresServer.Programs is null ? null : await PostgresServer.StartAsync());

    /// <summary>An empty directory that nobody else may read.</summary>
    public string NewDirectory()
    {
        directories.Add(Directory.CreateTempSubdirectory("jwtauth-").FullName);
        return directories[^1];
    }

    /// <summary>Ours on PostgreSQL, where there is a server.</summary>
    public async Task<IReadOnlyList<Contender>> OursOnPostgresAsync(string name, string program)
    {
        if (postgres is null)
            return [];
        await postgres.ExecuteAsync("postgres", "CREATE DATABASE jwtauth");
        return [new OurService(name, program, NewDirectory(), postgres.ConnectionString("jwtauth"))];
    }

    /// <summary>Those that Node.js runs, where it is and what they need.</summary>
    public async Task<IReadOnlyList<Contender>> OfNodeAsync()
    {
        if (scripts is null)
            return [];
        var oidc = new OidcProvider(Oidc, Path.Combine(scripts, "oidc-provider.mjs"));
        if (postgres is null)
            return [oidc];
        await postgres.ExecuteAsync("postgres", "CREATE DATABASE better_auth");
        return [new BetterAuth(Better, Path.Combine(scripts, "better-auth.mjs"), postgres.Url("better_auth")), oidc];
    }

    public async ValueTask DisposeAsync()
    {
        if (postgres is not null)
            await postgres.DisposeAsync();
        directories.ForEach(directory => Directory.Delete(directory, recursive: true));
    }
}
