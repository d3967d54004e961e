using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;

namespace JwtAuth.Tests.Configuration;

/// <summary>What the framework and its environment offer to go around our own settings.</summary>
public sealed class FrameworkSwitchTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;

    [Theory, Trait("row", "NET-07")]
    [InlineData("")]
    [InlineData("10.0.0.0/8")]
    public async Task The_frameworks_switch_for_forwarded_headers_opens_nothing_and_is_told(string trusted)
    {
        await using ServerHost host = Production.Host(trusted).With("ForwardedHeaders_Enabled", "true");
        await using ServerHost proxied = Production.Host("127.0.0.1").With("ForwardedHeaders_Enabled", "true");
        using HttpClient client = host.ConnectByProxy(), believed = proxied.ConnectByProxy();

        Reply refused = await client.AskAsync("GET", "/me");

        (refused.Status, refused.Code).Should().Be((400, "https_required"));
        host.Log.All.Should().Contain(line => line.Contains("ASPNETCORE_FORWARDEDHEADERS_ENABLED has no effect", StringComparison.Ordinal));
        (await believed.AskAsync("GET", "/me")).Status.Should().Be(401, "its network is named in JwtAuth:Proxy:TrustedNetworks");
    }

    [Fact, Trait("row", "NET-07")]
    public async Task The_variable_of_the_environment_does_not_let_a_stranger_choose_an_address()
    {
        Dictionary<string, string> settings = new() { ["FORWARDEDHEADERS_ENABLED"] = "true" };
        (await AddressInLogAsync(settings)).Should().Be("127.0.0.1");
        settings["JwtAuth:Proxy:TrustedNetworks"] = "127.0.0.1";
        (await AddressInLogAsync(settings)).Should().Be("192.0.2.7");

        async Task<string> AddressInLogAsync(Dictionary<string, string> with)
        {
            await using ServerProcess server = await ServerProcess.StartAsync(directory, with);
            using var client = new HttpClient { BaseAddress = server.Address };
            (await client.AskAsync("POST", "/auth/login", new { username = "nobody", password = ServerHost.Password },
                ("X-Forwarded-For", "192.0.2.7"))).Status.Should().Be(401);
            await server.SaysAsync("Login refused from ");
            return server.StandardOutput.Split("Login refused from ")[1].Split(':')[0];
        }
    }

    [Fact]
    public async Task The_frameworks_list_of_hosts_has_no_effect_and_is_told()
    {
        await using ServerHost host = new ServerHost().With("AllowedHosts", "elsewhere.example");
        using HttpClient client = host.Connect();

        (await client.AskAsync("GET", "/me")).Status.Should().Be(401);
        (await client.AskAsync("GET", "/me", null, ("Host", "elsewhere.example"))).Code.Should().Be("misdirected_request");
        host.Log.All.Should().Contain(line => line.Contains("AllowedHosts has no effect; use JwtAuth:Hosts", StringComparison.Ordinal));
    }

    [Theory, Trait("row", "OPS-13")]
    [InlineData("captureStartupErrors", "true", "captureStartupErrors")]
    [InlineData("Authentication:Schemes:Bearer:ValidIssuer", "https://elsewhere.example", "Authentication:Schemes")]
    [InlineData("$DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1", "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT")]
    [InlineData("$DOTNET_SYSTEM_IO_DISABLEFILELOCKING", "1", "DOTNET_SYSTEM_IO_DISABLEFILELOCKING")]
    [InlineData("$DOTNET_ENVIRONMENT", "Production", "DOTNET_ENVIRONMENT")]
    public async Task A_switch_that_cannot_be_taken_back_stops_the_start_with_one_line(string key, string value, string named)
    {
        (int code, _, string error) = await ServerProcess.RunAsync(directory, ["users", "list"], "", new Dictionary<string, string>
        {
            [key] = value,
        });
        code.Should().Be(1);
        error.Should().MatchRegex(@"\Aerror: [^\n]+\n\z").And.StartWith($"error: {named} ");

        (code, _, error) = await ServerProcess.RunAsync(directory, ["users", "list"], "", new Dictionary<string, string>
        {
            [key.Split(':')[0]] = key == "$DOTNET_ENVIRONMENT" ? "Development" : "0",
        });
        (code, error).Should().Be((0, ""), "it is off, or says the same");
    }

    [Fact, Trait("row", "OPS-01")]
    public async Task No_level_for_a_part_of_the_framework_makes_it_log_what_a_request_brought()
    {
        const string Guess = "guess-me-wrong-xyzzy";
        await using ServerHost host = new();
        foreach (string category in (string[])
        [
            "Default", "Microsoft.AspNetCore.Hosting.Diagnostics", "Microsoft.AspNetCore.Hosting.Diagnostics*", "Microsoft.*Diagnostics",
            "Microsoft.AspNetCore.Mvc.Infrastructure.ControllerActionInvoker", "Microsoft.AspNetCore.Routing.EndpointRoutingMiddleware",
            "Microsoft.AspNetCore.Mvc.ModelBinding.ParameterBinder", "Microsoft.EntityFrameworkCore.Database.Command",
        ])
        {
            host.With($"Logging:LogLevel:{category}", "Trace");
        }
        using HttpClient client = host.Connect();

        (await client.AskAsync("GET", $"/.well-known/jwks.json?password={Guess}")).Status.Should().Be(200);
        (await client.AskAsync("GET", $"/auth/sessions/{Guess}")).Status.Should().BeOneOf(401, 404, 405);
        (await client.LoginAsync("alice", Guess)).Status.Should().Be(401);

        host.Log.All.Should().Contain(line => line.StartsWith("Information Microsoft.EntityFrameworkCore", StringComparison.Ordinal)
            || line.StartsWith("Debug Microsoft.EntityFrameworkCore", StringComparison.Ordinal), "levels of other parts count");
        host.Log.All.Where(line => line.Contains($"password={Guess}", StringComparison.Ordinal)).Should().BeEmpty();
        host.Log.All.Where(line => line.Contains("Microsoft.AspNetCore.Mvc", StringComparison.Ordinal)
            && !line.StartsWith("Warning", StringComparison.Ordinal)).Should().BeEmpty();
    }

    [Fact]
    public async Task No_file_of_settings_is_read_again_while_the_service_runs_so_that_what_was_checked_is_what_holds()
    {
        await using ServerHost host = new();

        FilesRead(host.Get<IConfiguration>()).Should().NotBeEmpty().And.OnlyContain(file => !file.ReloadOnChange);
        FilesRead(WebApplication.CreateBuilder().Configuration).Should().Contain(file => file.ReloadOnChange, "so it is otherwise");

        static IEnumerable<FileConfigurationSource> FilesRead(IConfiguration configuration) =>
            ((IConfigurationRoot)configuration).Providers.OfType<FileConfigurationProvider>().Select(provider => provider.Source);
    }

    public void Dispose()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(directory, recursive: true);
    }
}
