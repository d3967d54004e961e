using System.Security.Cryptography;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Observability;

/// <summary>What the real process says before it says that it has started.</summary>
public sealed class GreetingTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
    private readonly ReservedPort port = new();

    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task A_start_in_development_says_where_to_look_and_names_only_what_is_there(string enabled)
    {
        await using ServerProcess server =
            await StartAsync(new() { ["JwtAuth:Swagger:Enabled"] = enabled, ["JwtAuth:Lab:Enabled"] = enabled });

        string[] places = [$"Swagger UI  {Origin(server)}/swagger\n", $"the lab     {Origin(server)}/lab/\n"];
        foreach (string place in places)
            server.StandardOutput.Contains(place, StringComparison.Ordinal).Should().Be(enabled == "true", server.StandardOutput);
        server.StandardOutput.Should().Contain($"the data    {directory}\n").And.NotContain("in vain");
        using var client = new HttpClient { BaseAddress = server.Address };
        foreach (string path in (string[])["/swagger", "/lab/"])
            (await client.GetAsync(path, TestContext.Current.CancellationToken)).IsSuccessStatusCode.Should().Be(enabled == "true", path);
    }

    [Theory]
    [InlineData("http://localhost:{0}", "http://127.0.0.1:{0}")]
    [InlineData("http://127.0.0.1:{0}", "http://localhost:{0}")]
    [InlineData("http://localhost:{0}", "http://0.0.0.0:{0}")]
    [InlineData("https://auth.example.com", "http://127.0.0.1:{0}")]
    [InlineData("https://localhost", "http://127.0.0.1:{0}", "127.0.0.1")]
    public async Task An_issuer_that_leads_here_is_no_warning(string issuer, string urls, string? proxy = null)
    {
        Dictionary<string, string> settings = new()
        {
            ["urls"] = Ported(urls),
            ["JwtAuth:Issuer"] = Ported(issuer),
            ["JwtAuth:AllowRemoteInDevelopment"] = "true",
        };
        if (proxy is not null)
            settings["JwtAuth:Proxy:TrustedNetworks:0"] = proxy;

        await using ServerProcess server = await StartAsync(settings);

        server.StandardOutput.Should().Contain($"Swagger UI  {settings["JwtAuth:Issuer"]}/swagger\n").And.NotContain("in vain");
    }

    [Theory]
    [InlineData("http://localhost:1", "http://127.0.0.1:{0}", "http://127.0.0.1:{0}")]
    [InlineData("http://localhost:1", "http://0.0.0.0:{0}", "http://localhost:{0}")]
    [InlineData("https://localhost:{0}", "http://localhost:{0}", "http://localhost:{0}")]
    public async Task An_issuer_at_which_nothing_listens_is_a_warning_and_the_places_are_where_it_does(
        string issuer, string urls, string origin)
    {
        await using ServerProcess server = await StartAsync(new()
        {
            ["urls"] = Ported(urls),
            ["JwtAuth:Issuer"] = Ported(issuer),
            ["JwtAuth:AllowRemoteInDevelopment"] = "true",
        });

        server.StandardOutput.Should().Contain("warn: JwtAuth.Server[61]")
            .And.Contain($"JwtAuth:Issuer is {Ported(issuer)}, but the service listens at http://")
            .And.Contain($"Swagger UI  {Ported(origin)}/swagger\n");
    }

    [Fact]
    public async Task A_start_in_production_says_nothing_of_it()
    {
        await using ServerProcess server = await StartAsync(new()
        {
            ["environment"] = "Production",
            ["JwtAuth:Issuer"] = "https://localhost:1",
            ["JwtAuth:Audiences:0"] = "orders",
            ["JwtAuth:MasterKey"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            ["JwtAuth:Lab:Enabled"] = "true",
        });

        server.StandardOutput.Should().Contain("Application started.")
            .And.NotContain("Ready for development").And.NotContain("in vain").And.NotContain("/lab/");
    }

    [Theory]
    [InlineData("https://auth.example.com", null, true)]
    [InlineData("https://auth.example.com", "127.0.0.1", false)]
    public async Task A_start_in_production_by_http_alone_warns_where_no_proxy_is_trusted(string issuer, string? proxy, bool warns)
    {
        Dictionary<string, string> settings = new()
        {
            ["environment"] = "Production",
            ["JwtAuth:Issuer"] = issuer,
            ["JwtAuth:Audiences:0"] = "orders",
            ["JwtAuth:MasterKey"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            ["Logging:Console:FormatterName"] = "simple",
        };
        if (proxy is not null)
            settings["JwtAuth:Proxy:TrustedNetworks:0"] = proxy;

        await using ServerProcess server = await StartAsync(settings);

        server.StandardOutput.Should().Contain("Application started.");
        server.StandardOutput.Contains("everything but /health will be refused with https_required", StringComparison.Ordinal)
            .Should().Be(warns, server.StandardOutput);
    }

    public void Dispose()
    {
        port.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    private string Ported(string text) => string.Format(System.Globalization.CultureInfo.InvariantCulture, text, port.Number);

    private static string Origin(ServerProcess server) => server.Address.ToString().TrimEnd('/');

    private Task<ServerProcess> StartAsync(Dictionary<string, string> settings)
    {
        settings["JwtAuth:SigningKeys:Algorithm"] = "ES256";
        return ServerProcess.StartAsync(directory, settings);
    }
}
