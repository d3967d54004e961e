using System.Text.Json;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Interop;

/// <summary>An app whose pages are rendered in Node.js first: there jwtauth.js does nothing, and keeps nobody.</summary>
public sealed class ServerRenderingTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;

    [Fact]
    public async Task In_Node_a_client_can_be_made_and_left_nobody_is_logged_in_and_each_call_says_why_it_is_refused()
    {
        // Node takes a file for a module by its ending, as an app's bundler does by its settings.
        string module = Path.Combine(directory, "jwtauth.mjs");
        File.Copy(Path.Combine(Repository.Root, "src/JwtAuth.Server/wwwroot/jwtauth.js"), module);

        string output = await ForeignVerifiers.RunNodeAsync("render.mjs", new Uri(module).AbsoluteUri);

        JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(output)!
            .ToDictionary(pair => pair.Key, pair => pair.Value.ToString()).Should().Equal(new Dictionary<string, string>
            {
                ["start"] = "false",
                ["login"] = "no_browser",
                ["logout"] = "no_browser",
                ["refresh"] = "no_browser",
                ["fetch"] = "no_browser",
                ["accessTokenFor"] = "no_browser",
                ["misused"] = "TypeError: With apis, name the audience that the tokens are for.",
                ["state"] = "unknown,unknown,,",
                ["told"] = "0",
            });
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);
}
