using System.Globalization;
using System.Security.Cryptography;
using JwtAuth.Server.Clients;

namespace JwtAuth.Benchmarks.Rivals;

/// <summary>The service as docs/deployment.md runs it: in Production, behind a proxy that has ended TLS, on either engine.</summary>
/// <param name="name">What it is called in the figures.</param>
/// <param name="program">The path to its assembly.</param>
/// <param name="directory">Its data directory.</param>
/// <param name="connection">A database on PostgreSQL; <see langword="null"/> for SQLite.</param>
internal sealed class OurService(string name, string program, string directory, string? connection = null) : Contender(name)
{
    private readonly (string Secret, string AtRest) secret = Server.Clients.ClientSecret.Make();
    private readonly string masterKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    public override string Remark => "bcrypt, work factor 12; a refresh is on disk";

    public override string ReadyPath => "health/ready";

    public override ServiceProcess Begin() => ServiceProcess.Begin("dotnet", origin => [program, "--urls", origin], _ =>
    {
        Dictionary<string, string> settings = new()
        {
            ["JwtAuth:Issuer"] = "https://auth.example.com",
            ["JwtAuth:Audiences:0"] = LoopbackIssuer.Audience,
            ["JwtAuth:Scopes:orders:read"] = "",
            ["JwtAuth:MasterKey"] = masterKey,
            ["JwtAuth:DataDirectory"] = directory,
            ["JwtAuth:AccessTokens:Lifetime"] = "01:00:00", // as long as those of the others
            ["JwtAuth:Registration:Open"] = "true",
            ["JwtAuth:Proxy:TrustedNetworks:0"] = "127.0.0.1",
            ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Warning",
            [$"JwtAuth:Clients:{Client}:Secrets:0"] = secret.AtRest,
            [$"JwtAuth:Clients:{Client}:Audiences:0"] = LoopbackIssuer.Audience,
            [$"JwtAuth:Clients:{Client}:May:0"] = nameof(ClientRights.Introspect),
        };
        if (connection is not null)
            (settings["JwtAuth:Storage:Provider"], settings["JwtAuth:Storage:ConnectionString"]) = ("Postgres", connection);
        return settings;
    });

    public override byte[] Register(int person) =>
        RawRequest.Json("/auth/register", new { username = NameOf(person), password = Password }, Proxied(person));

    public override byte[]? RequestOf(Operation operation, int person, Held held) => operation switch
    {
        Operation.Login => RawRequest.Json("/auth/login",
            new { username = NameOf(person), password = Password, scope = "orders:read offline_access" }, Proxied(person)),
        Operation.Refresh => RawRequest.Json("/auth/refresh", new { refresh_token = held.Refresh }, Proxied(person)),
        Operation.Check => RawRequest.Get("/me", [.. Proxied(person), RawRequest.Bearer(held.Access)]),
        Operation.Introspection => RawRequest.Form(
            "/oauth/introspect", new() { ["token"] = held.Access }, [.. Proxied(person), RawRequest.Basic(Client, secret.Secret)]),
        _ => null,
    };

    private static string NameOf(int person) => $"alice{person:D4}";

    // Everybody comes from a network of their own.
    private static string[] Proxied(int person) =>
        ["X-Forwarded-Proto: https", string.Create(CultureInfo.InvariantCulture, $"X-Forwarded-For: 10.{person / 256}.{person % 256}.7")];
}
