using System.Text.Json;

namespace JwtAuth.Benchmarks.Rivals;

/// <summary>ASP.NET Core Identity's own API (<c>MapIdentityApi</c>) on SQLite: tests/rivals/IdentityApi.</summary>
/// <param name="name">What it is called in the figures.</param>
/// <param name="program">The path to its assembly.</param>
/// <param name="directory">Where its database and its keys are.</param>
/// <param name="looksAtTables">Whether its start makes sure that its tables are there, as ours does.</param>
internal sealed class IdentityApi(string name, string program, string directory, bool looksAtTables = true) : Contender(name)
{
    private bool hasTables;

    public override string Remark => "PBKDF2, 100,000 rounds of HMAC-SHA512; a refresh writes nothing, and nothing ends what it brought";

    public override ServiceProcess Begin()
    {
        string tables = hasTables && !looksAtTables ? "unseen" : "seen";
        hasTables = true;
        return ServiceProcess.Begin(
            "dotnet", origin => [program, "--directory", directory, "--tables", tables, "--urls", origin], _ => []);
    }

    public override byte[] Register(int person) => RawRequest.Json("/register", new { email = NameOf(person), password = Password });

    public override byte[]? RequestOf(Operation operation, int person, Held held) => operation switch
    {
        Operation.Login => RawRequest.Json("/login", new { email = NameOf(person), password = Password }),
        Operation.Refresh => RawRequest.Json("/refresh", new { refreshToken = held.Refresh }),
        Operation.Check => RawRequest.Get("/me", RawRequest.Bearer(held.Access)),
        _ => null,
    };

    public override Held HeldOf(JsonElement reply) =>
        new(reply.GetProperty("accessToken").GetString()!, reply.GetProperty("refreshToken").GetString()!);

    private static string NameOf(int person) => $"alice{person:D4}@example.com";
}
