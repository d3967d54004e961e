using System.Text.Json;

namespace JwtAuth.Benchmarks.Rivals;

/// <summary>better-auth on PostgreSQL: tests/rivals/node/better-auth.mjs.</summary>
/// <param name="name">What it is called in the figures.</param>
/// <param name="script">The path to it.</param>
/// <param name="database">Its database.</param>
internal sealed class BetterAuth(string name, string script, Uri database) : Contender(name)
{
    public override string Remark => "scrypt, 32 MB; its session goes on by itself, and a refresh is a JWT for it, which writes nothing";

    public override string ReadyPath => "api/auth/ok";

    public override ServiceProcess Begin() => ServiceProcess.Begin("node", _ => [script], origin => new()
    {
        ["NODE_ENV"] = "production",
        ["PORT"] = $"{new Uri(origin).Port}",
        ["DATABASE_URL"] = database.OriginalString,
        ["SECRET"] = ClientSecret,
    });

    public override byte[] Register(int person) => RawRequest.Json(
        "/api/auth/sign-up/email", new { name = "Alice", email = NameOf(person), password = Password });

    public override byte[]? RequestOf(Operation operation, int person, Held held) => operation switch
    {
        Operation.Login => RawRequest.Json("/api/auth/sign-in/email", new { email = NameOf(person), password = Password }),
        Operation.Refresh => RawRequest.Get("/api/auth/token", RawRequest.Bearer(held.Access)),
        Operation.Check => RawRequest.Get("/api/auth/get-session", RawRequest.Bearer(held.Access)),
        _ => null,
    };

    public override Held HeldOf(JsonElement reply) => new(reply.GetProperty("token").GetString()!, "");

    public override Held Refreshed(Held held, JsonElement reply) => held;

    private static string NameOf(int person) => $"alice{person:D4}@example.com";
}

/// <summary>oidc-provider with the store that it comes with, which is in memory: tests/rivals/node/oidc-provider.mjs.</summary>
/// <param name="name">What it is called in the figures.</param>
/// <param name="script">The path to it.</param>
internal sealed class OidcProvider(string name, string script) : Contender(name)
{
    public override string Remark => "no passwords of its own; all it knows is in memory";

    public override string ReadyPath => ".well-known/openid-configuration";

    // It has forgotten every token.
    public override byte[] FirstRequest(Held held) => RawRequest.Get($"/{ReadyPath}");

    public override ServiceProcess Begin() => ServiceProcess.Begin("node", _ => [script], origin => new()
    {
        ["NODE_ENV"] = "production",
        ["PORT"] = $"{new Uri(origin).Port}",
        ["SECRET"] = ClientSecret,
    });

    public override byte[]? Register(int person) => null;

    // An opaque one: it does not introspect its JWTs.
    public override byte[] Enter(int person) => Grant([]);

    public override byte[]? RequestOf(Operation operation, int person, Held held) => operation switch
    {
        Operation.Introspection => RawRequest.Form(
            "/token/introspection", new() { ["token"] = held.Access }, RawRequest.Basic(Client, ClientSecret)),
        Operation.ClientCredentials => Grant(new() { ["resource"] = "https://orders.example.com" }),
        _ => null,
    };

    public override Held HeldOf(JsonElement reply) => new(reply.GetProperty("access_token").GetString()!, "");

    private static byte[] Grant(Dictionary<string, string> fields) =>
        RawRequest.Form("/token", new(fields) { ["grant_type"] = "client_credentials" }, RawRequest.Basic(Client, ClientSecret));
}
