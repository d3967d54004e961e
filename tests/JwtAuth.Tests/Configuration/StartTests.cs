using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Configuration;

/// <summary>Configuration through the real process: exit code, standard error, files.</summary>
public sealed class StartTests : IDisposable
{
    private static readonly Dictionary<string, string> NoSettings = [];

    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;

    [Theory]
    [InlineData("JwtAuth:AccessTokens:Lifetime", "-00:05:00", null)]
    [InlineData("JwtAuth:SigningKeys:Hs256Secret", "your-256-bit-secret", null)]
    [InlineData("urls", "http://0.0.0.0:0", null)]
    [InlineData("JwtAuth:DataDirectory", "/dev/null/data", null)]
    [InlineData("KeyPerFileDirectory", "/nowhere/at/all", null)]
    [Trait("row", "OPS-13")]
    public async Task A_wrong_value_ends_the_process_with_one_line_that_names_the_key(string key, string value, string? named)
    {
        Dictionary<string, string> settings = key == "urls" ? new() { ["JwtAuth:Issuer"] = "http://localhost:5080" } : [];
        settings[key] = value;
        (int code, _, string error) = await ServerProcess.RunAsync(directory, [], "", settings);
        code.Should().NotBe(0);
        error.Should().MatchRegex(@"\Aerror: [^\n]+\n\z").And.StartWith($"error: {named ?? key}");
        if (key.Contains("Secret", StringComparison.Ordinal))
            error.Should().NotContain(value);
    }

    [Fact]
    [Trait("row", "OPS-13")]
    public async Task The_same_start_without_a_fault_serves_and_a_second_one_on_its_port_ends_with_one_line()
    {
        await using ServerProcess first =
            await ServerProcess.StartAsync(directory, new Dictionary<string, string> { ["JwtAuth:SigningKeys:Algorithm"] = "ES256" });
        (int code, _, string error) = await ServerProcess.RunAsync(directory, [], "", new Dictionary<string, string>
        {
            ["urls"] = first.Address.ToString(),
            ["JwtAuth:Issuer"] = first.Address.GetLeftPart(UriPartial.Authority), // another one could not be on this database
            ["JwtAuth:SigningKeys:Algorithm"] = "ES256",
        });
        code.Should().Be(1);
        error.Should().MatchRegex(@"\Aerror: [^\n]+\n\z").And.Contain($"{first.Address.Port}").And.NotContain("another issuer");
        first.StandardError.Should().BeEmpty();
    }

    [Theory]
    [InlineData("--port=5081", "--port is not an option")]
    [InlineData("--port 5081", "--port is not an option")]
    [InlineData("-p 5081", "-p is not an option")]
    [InlineData("--url http://localhost:5081", "--url is not an option")]
    [InlineData("--JwtAuth__Issuer=http://localhost:5081", "--JwtAuth__Issuer is not an option")]
    [InlineData("--urls", "--urls has no value")]
    [InlineData("--urls --environment=Production", "--urls has no value")]
    [InlineData("--environment=Development surplus", "An argument is not an option")]
    [InlineData("--environment=Development /urls=http://localhost:5081", "An argument is not an option")]
    [InlineData("--JwtAuth:Isuer=http://localhost:5081", "JwtAuth:Isuer is not a setting")]
    [Trait("row", "OPS-13")]
    public async Task An_option_that_there_is_not_is_refused_and_one_that_there_is_counts(string arguments, string fault)
    {
        (int code, string output, string error) = await ServerProcess.RunAsync(directory, arguments.Split(' '), "", NoSettings);
        (code, output).Should().Be((1, ""));
        error.Should().MatchRegex(@"\Aerror: [^\n]+\n\z").And.StartWith($"error: {fault}");

        (code, _, error) = await ServerProcess.RunAsync(
            directory, ["--urls", "http://localhost:5081", "--JwtAuth:AccessTokens:Lifetime=-1"], "", NoSettings);
        (code, error.StartsWith("error: JwtAuth:AccessTokens:Lifetime is not a duration", StringComparison.Ordinal)).Should().Be((1, true));
    }

    [Fact]
    [Trait("row", "OPS-13")]
    public async Task An_address_of_another_machine_ends_the_process_with_one_line()
    {
        (int code, _, string error) = await ServerProcess.RunAsync(directory, [], "", new Dictionary<string, string>
        {
            ["urls"] = "http://192.0.2.7:5080",
            ["JwtAuth:AllowRemoteInDevelopment"] = "true",
            ["JwtAuth:SigningKeys:Algorithm"] = "ES256",
        });
        code.Should().Be(1);
        error.Should().MatchRegex(@"\Aerror: [^\n]+\n\z");
    }

    [SqliteOnly("it begins anew by deleting the files of SQLite")]
    [Fact]
    public async Task Settings_are_read_from_one_file_for_each_key_and_from_the_directorys_appsettings()
    {
        string root = Directory.CreateDirectory(Path.Combine(directory, "root")).FullName,
            secrets = Directory.CreateDirectory(Path.Combine(directory, "secrets")).FullName;
        JsonNode file = JsonNode.Parse(await File.ReadAllTextAsync(
            Path.Combine(Repository.Root, "appsettings.Development.json"), TestContext.Current.CancellationToken))!;
        file["JwtAuth"]!["Scopes"]!["changed:here"] = new JsonArray();
        await File.WriteAllTextAsync(
            Path.Combine(root, "appsettings.Development.json"), file.ToJsonString(), TestContext.Current.CancellationToken);
        string masterKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        await File.WriteAllTextAsync(Path.Combine(secrets, "JwtAuth__MasterKey"), masterKey + "\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            Path.Combine(secrets, "JwtAuth__SigningKeys__Algorithm"), "ES256", TestContext.Current.CancellationToken);

        (await ScopesAsync([])).Should().Equal("offline_access", "orders:read", "orders:write");
        File.Exists(Path.Combine(directory, "master.key")).Should().BeTrue("nothing else gave it one");
        foreach (string made in Directory.GetFiles(directory))
            File.Delete(made);
        (await ScopesAsync(new() { ["contentRoot"] = root, ["KeyPerFileDirectory"] = secrets }))
            .Should().BeEquivalentTo("orders:read", "orders:write", "changed:here", "offline_access");
        File.Exists(Path.Combine(directory, "master.key")).Should().BeFalse("it came from the secret's file");

        async Task<string[]> ScopesAsync(Dictionary<string, string> settings)
        {
            await using ServerProcess server = await ServerProcess.StartAsync(directory, settings);
            using var client = new HttpClient { BaseAddress = server.Address };
            JsonNode metadata =
                JsonNode.Parse(await client.GetStringAsync("/.well-known/openid-configuration", TestContext.Current.CancellationToken))!;
            return [.. metadata["scopes_supported"]!.AsArray().Select(scope => $"{scope}").Order(StringComparer.Ordinal)];
        }
    }

    [Fact]
    public async Task Dotnet_run_uses_the_top_levels_appsettings()
    {
        var start = new ProcessStartInfo(
            "dotnet", ["msbuild", "src/JwtAuth.Server/JwtAuth.Server.csproj", "-getProperty:RunWorkingDirectory"])
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardOutput = true,
        };
        using Process msbuild = Process.Start(start)!;
        string output = await msbuild.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Path.GetFullPath(output.Trim()).Should().Be(Repository.Root);
        File.Exists(Path.Combine(Repository.Root, "appsettings.Development.json")).Should().BeTrue();
        Directory.GetFiles(Path.Combine(Repository.Root, "src", "JwtAuth.Server"), "appsettings*.json").Should().BeEmpty("one is enough");
    }

    [Theory]
    [InlineData("Development")]
    [InlineData("Production")]
    [Trait("row", "OPS-14")]
    public async Task A_fresh_database_has_no_account_and_each_installation_a_key_of_its_own(string environment)
    {
        List<string> keys = [];
        for (int installation = 0; installation < 2; installation++)
        {
            await using var host = new ServerHost { Environment = environment }
                .With("JwtAuth:SigningKeys:Algorithm", "ES256").With("JwtAuth:Audiences:0", "orders");
            if (environment == "Production")
                host.With("JwtAuth:MasterKey", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)))
                    .With("JwtAuth:Issuer", "https://auth.example.com");
            keys.Add(host.Get<SigningKeyRing>().Signer(forAccount: true).KeyId);
            await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
            Db db = scope.ServiceProvider.GetRequiredService<Db>();
            (await db.Set<Account>().CountAsync(TestContext.Current.CancellationToken)).Should().Be(0);
            (await db.Roles.CountAsync(TestContext.Current.CancellationToken)).Should().Be(0);
            await host.AddAccountAsync("alice");
            (await db.Set<Account>().CountAsync(TestContext.Current.CancellationToken)).Should().Be(1, "the count counts");
        }
        keys.Should().OnlyHaveUniqueItems();
    }

    public void Dispose()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(directory, recursive: true);
    }
}
