using System.Security.Cryptography;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Clients;
using JwtAuth.Server.Composition;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace JwtAuth.Benchmarks;

/// <summary>The real service in this process, at a port of its own, with one API as its client.</summary>
internal sealed class LoopbackIssuer : IAsyncDisposable
{
    public const string Audience = "orders";

    private const string ClientId = "orders-api";

    private readonly WebApplication app;
    private readonly string directory, url, clientSecret;
    private readonly string? sharedSecret;

    private LoopbackIssuer(WebApplication app, string directory, string url, string clientSecret, string? sharedSecret) =>
        (this.app, this.directory, this.url, this.clientSecret, this.sharedSecret) = (app, directory, url, clientSecret, sharedSecret);

    /// <summary>What an API has to be told about it.</summary>
    public Dictionary<string, string> ApiSettings
    {
        get
        {
            var settings = new Dictionary<string, string>
            {
                ["JwtAuth:Authority"] = url,
                ["JwtAuth:Audience"] = Audience,
                ["JwtAuth:Denials"] = "Feed",
                ["JwtAuth:ClientId"] = ClientId,
                ["JwtAuth:ClientSecret"] = clientSecret,
            };
            if (sharedSecret is not null)
                settings["JwtAuth:SharedSecrets:0"] = sharedSecret;
            return settings;
        }
    }

    public string Url => url;

    /// <summary>How many statements it has sent by hand, which no diagnostics of EF Core tell of.</summary>
    public long PreparedReads => app.Services.GetRequiredService<PreparedReads>().Answered;

    public static async Task<LoopbackIssuer> StartAsync(SignatureAlgorithm algorithm, bool hasDenylist = true)
    {
        string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName,
            url = ServiceProcess.FreeAddress().GetLeftPart(UriPartial.Authority);
        (string secret, string atRest) = ClientSecret.Make();
        string? shared = algorithm == SignatureAlgorithm.HS256 ? Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) : null;
        WebApplication app = ServiceBuilder.Build(
        [
            "--environment=Development", "--applicationName=JwtAuth.Server", $"--contentRoot={directory}", $"--urls={url}",
            $"--JwtAuth:DataDirectory={directory}", $"--JwtAuth:Issuer={url}", $"--JwtAuth:Audiences:0={Audience}",
            "--JwtAuth:Scopes:orders:read=", "--JwtAuth:AccessTokens:Lifetime=01:00:00", $"--JwtAuth:SigningKeys:Algorithm={algorithm}",
            $"--JwtAuth:Denylist:Enabled={hasDenylist}", $"--JwtAuth:Clients:{ClientId}:Secrets:0={atRest}",
            $"--JwtAuth:Clients:{ClientId}:Audiences:0={Audience}", $"--JwtAuth:Clients:{ClientId}:May=denials",
            "--Logging:LogLevel:Default=Warning", "--Logging:LogLevel:Microsoft.Hosting.Lifetime=Warning",
            "--Logging:Console:LogToStandardErrorThreshold=Trace",
            .. (IEnumerable<string>)(shared is null ? [] : [$"--JwtAuth:SigningKeys:Hs256Secret={shared}"]),
        ]);
        await app.PrepareAsync();
        app.UseHttpApi();
        await app.StartAsync();
        return new LoopbackIssuer(app, directory, url, secret, shared);
    }

    /// <summary>Different tokens of different accounts.</summary>
    public string[] Issue(int count)
    {
        TokenIssuer issuer = app.Services.GetRequiredService<TokenIssuer>();
        return [.. Enumerable.Range(0, count).Select(number => issuer.Issue(
            Grant.To(Accounts.Snapshot(TokenIssuer.NewId(), $"alice{number}", 3, "clerk"), Audience,
            ["orders:read", "orders:write"], TokenIssuer.NewId())).Value)];
    }

    /// <summary>Works with the service's database.</summary>
    public async Task<T> AskAsync<T>(Func<Db, Task<T>> work)
    {
        await using AsyncServiceScope scope = app.Services.CreateAsyncScope();
        return await work(scope.ServiceProvider.GetRequiredService<Db>());
    }

    /// <summary>Does what the service does every five minutes.</summary>
    public Task DeleteExpiredAsync() => app.Services.GetServices<IHostedService>().OfType<ExpiredRows>().Single().DeleteAsync();

    /// <summary>Denies strangers, half of them sessions and half tokens, and waits until the service has heard it.</summary>
    public async Task DenyAsync(int denials)
    {
        await using (AsyncServiceScope scope = app.Services.CreateAsyncScope())
        {
            Db db = scope.ServiceProvider.GetRequiredService<Db>();
            db.Database.SetCommandTimeout(TimeSpan.FromMinutes(5));
            await db.Database.ExecuteSqlAsync(
                $"""
                WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < {denials})
                INSERT INTO Denials (Kind, Name, TokenSubject, BelowGeneration, ExpiresAt)
                SELECT iif(number % 2, 'Session', 'Token'), lower(hex(randomblob(11))), lower(hex(randomblob(11))), 0,
                    {DateTimeOffset.UtcNow.AddHours(5).ToUnixTimeMilliseconds()}
                FROM numbers
                """);
        }
        DenialTail tail = app.Services.GetRequiredService<DenialTail>();
        await tail.ReadAsync();
        if (tail.Denylist.Count != denials)
            throw new InvalidOperationException($"{tail.Denylist.Count} denials were heard");
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(directory, recursive: true);
    }
}
