namespace JwtAuth.Benchmarks.Rivals;

/// <summary>OpenIddict with its own stores on SQLite: tests/rivals/OpenIddictServer.</summary>
/// <param name="name">What it is called in the figures.</param>
/// <param name="program">The path to its assembly.</param>
/// <param name="directory">Where its database and its keys are.</param>
internal sealed class OpenIddictServer(string name, string program, string directory) : Contender(name)
{
    public override string Remark => "PBKDF2, 100,000 rounds of HMAC-SHA512; a refresh is on disk";

    public override ServiceProcess Begin() => ServiceProcess.Begin(
        "dotnet", origin => [program, "--directory", directory, "--secret", ClientSecret, "--urls", origin], _ => []);

    public override byte[] Register(int person) =>
        RawRequest.Json("/register", new { username = NameOf(person), password = Password });

    public override byte[]? RequestOf(Operation operation, int person, Held held) => operation switch
    {
        Operation.Login => Grant("password", new()
        {
            ["username"] = NameOf(person),
            ["password"] = Password,
            ["scope"] = "offline_access",
        }),
        Operation.Refresh => Grant("refresh_token", new() { ["refresh_token"] = held.Refresh }),
        Operation.Check => RawRequest.Get("/me", RawRequest.Bearer(held.Access)),
        Operation.Introspection => RawRequest.Form(
            "/introspect", new() { ["token"] = held.Access }, RawRequest.Basic(Client, ClientSecret)),
        Operation.ClientCredentials => Grant("client_credentials", []),
        _ => null,
    };

    private static byte[] Grant(string type, Dictionary<string, string> fields) =>
        RawRequest.Form("/token", new(fields) { ["grant_type"] = type }, RawRequest.Basic(Client, ClientSecret));

    private static string NameOf(int person) => $"alice{person:D4}";
}
