using System.ComponentModel;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Answers = System.Collections.Generic.Dictionary<string, System.Collections.Generic.Dictionary<string, string>>;

namespace JwtAuth.Tests.Interop;

/// <summary>Verifiers that share no code with ours. Each gives, by verifier and token, <c>accepted</c> or <c>refused: why</c>.</summary>
internal static class ForeignVerifiers
{
    private const string Python = "/usr/bin/python3";

    private static readonly Version OldestNode = new(20, 19);

    private static readonly string Scripts = Path.Combine(RepositoryRoot(), "tests", "interop");

    /// <summary>jose, jsonwebtoken and express-oauth2-jwt-bearer.</summary>
    public static async Task<Answers> AskNodeAsync(object question)
    {
        await SkipWithoutNodeAsync();
        return await AskAsync("node", "verify.mjs", question);
    }

    /// <summary>What the linter of Redocly says about an OpenAPI document.</summary>
    public static async Task<string[]> LintAsync(string document)
    {
        await SkipWithoutNodeAsync();
        (int exitCode, string output, string error) = await RunAsync("node", [Path.Combine(Scripts, "lint.mjs")], document);
        exitCode.Should().Be(0, error);
        return JsonSerializer.Deserialize<string[]>(output)!;
    }

    /// <summary>What a script of tests/interop prints in Node.js. It has to come to its end by itself.</summary>
    public static async Task<string> RunNodeAsync(string script, params string[] arguments)
    {
        await SkipWithoutPlainNodeAsync();
        (int exitCode, string output, string error) = await RunAsync("node", [Path.Combine(Scripts, script), .. arguments], "");
        exitCode.Should().Be(0, error);
        return output;
    }

    /// <summary>PyJWT.</summary>
    public static async Task<Answers> AskPythonAsync(object question)
    {
        Assert.SkipUnless(
            await OutputOfAsync(Python, "-c", "import cryptography; from jwt import PyJWKClient; print('there')") == "there",
            "There is no PyJWT 2 on this machine; run tests/run, or apt-get install python3-jwt python3-cryptography.");
        return await AskAsync(Python, "verify.py", question);
    }

    /// <summary>An API by the book: AddJwtBearer, an authority, an audience, and nothing of ours.</summary>
    public static async Task<Answers> AskStockApiAsync(string authority, string audience, Dictionary<string, string> tokens)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        builder.Services.AddAuthorization();
        builder.Services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(options =>
        {
            options.Authority = authority;
            options.Audience = audience;
            options.RequireHttpsMetadata = false;
        });
        await using WebApplication api = builder.Build();
        api.UseAuthentication();
        api.UseAuthorization();
        api.MapGet("/orders", () => "[]").RequireAuthorization();
        await api.StartAsync(TestContext.Current.CancellationToken);

        Dictionary<string, string> verdicts = [];
        using var client = new HttpClient { BaseAddress = new Uri(api.Urls.Single()) };
        foreach ((string name, string token) in tokens)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using HttpResponseMessage reply = await client.GetAsync("/orders", TestContext.Current.CancellationToken);
            verdicts[name] = reply.IsSuccessStatusCode ? "accepted" : $"refused: {(int)reply.StatusCode} {reply.Headers.WwwAuthenticate}";
        }
        return new() { ["AddJwtBearer"] = verdicts };
    }

    private static async Task SkipWithoutNodeAsync()
    {
        await SkipWithoutPlainNodeAsync();
        Assert.SkipUnless(
            Directory.Exists(Path.Combine(Scripts, "node_modules")),
            "What runs there is not installed; run tests/run, or npm ci in tests/interop.");
    }

    private static async Task<Answers> AskAsync(string program, string script, object question)
    {
        (int exitCode, string output, string error) =
            await RunAsync(program, [Path.Combine(Scripts, script)], JsonSerializer.Serialize(question));
        exitCode.Should().Be(0, error);
        return JsonSerializer.Deserialize<Answers>(output)!;
    }

    private static async Task SkipWithoutPlainNodeAsync() => Assert.SkipUnless(
        Version.TryParse((await OutputOfAsync("node", "--version")).TrimStart('v'), out Version? version) && version >= OldestNode,
        $"There is no Node.js {OldestNode} or later on this machine; install one and run tests/run.");

    private static async Task<string> OutputOfAsync(string program, params string[] arguments)
    {
        try
        {
            return (await RunAsync(program, arguments, "")).Output.Trim();
        }
        catch (Win32Exception)
        {
            return ""; // there is no such program
        }
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(string program, string[] arguments, string input)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellation);
        Task<string> error = process.StandardError.ReadToEndAsync(cancellation);
        await process.StandardInput.WriteAsync(input.AsMemory(), cancellation);
        process.StandardInput.Close();
        await process.WaitForExitAsync(cancellation);
        return (process.ExitCode, await output, await error);
    }

    private static string RepositoryRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "JwtAuth.sln")))
            directory = Path.GetDirectoryName(directory) ?? throw new DirectoryNotFoundException("The tests run outside the repository.");
        return directory;
    }
}
