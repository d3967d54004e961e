using System.Reflection;
using JwtAuth.Tests.Hosting;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using NJsonSchema.CodeGeneration.CSharp;
using NSwag;
using NSwag.CodeGeneration.CSharp;

namespace JwtAuth.Tests.Interop;

/// <summary>A client that NSwag writes from the API's description, compiled and used as its user would.</summary>
public sealed class GeneratedClientTests
{
    // What somebody writes against the generated client. That it compiles shows that the names and types are there.
    private const string Consumer = """
        using System.Collections.Generic;
        using System.Net.Http;
        using System.Text.Json;
        using System.Threading.Tasks;
        using Generated;

        public static class Consumer
        {
            public static async Task<IReadOnlyList<string>> RunAsync(HttpClient http, string token)
            {
                List<string> told = [];
                var client = new JwtAuthClient(http);
                var nina = new RegisterRequest { Username = "nina", Password = "a quiet harbour at dawn" };
                told.Add((await client.RegisterAsync(nina)).Username);
                try { await client.RegisterAsync(nina); }
                catch (ApiException<Problem> refused) { told.Add($"{refused.StatusCode} {refused.Result.Code}"); }
                try { await client.LoginAsync(new LoginRequest { Username = "nina", Password = "a noisy harbour at dusk" }); }
                catch (ApiException<Problem> refused) { told.Add($"{refused.StatusCode} {refused.Result.Code}"); }
                try { await client.IntrospectAsync(new TokenForm { Token = "x" }); }
                catch (ApiException<OAuthError> refused) { told.Add($"{refused.StatusCode} {refused.Result.Error}"); }

                var login = await client.LoginAsync(new LoginRequest
                {
                    Username = "nina", Password = "a quiet harbour at dawn", Credential = LoginRequestCredential.Bearer,
                });
                // One of two shapes: what it holds counts, whichever way the generator keeps it.
                JsonElement held = JsonSerializer.SerializeToElement<object>(login);
                told.Add(held.GetProperty("token_type").GetString());
                http.DefaultRequestHeaders.Authorization = new("Bearer", held.GetProperty("access_token").GetString());
                var me = await client.MeAsync();
                told.Add($"{me.Username} {me.Scheme}");
                try { await client.ListUsersAsync(null, null, null); }
                catch (ApiException<Problem> refused) { told.Add($"{refused.StatusCode} {refused.Result.Code}"); }
                http.DefaultRequestHeaders.Authorization = null;
                try { await client.MeAsync(); }
                catch (ApiException<Problem> refused) { told.Add($"{refused.StatusCode} {refused.Result.Code} {refused.Result.Reason}"); }
                return told;
            }
        }
        """;

    [Fact]
    public async Task A_client_that_NSwag_writes_compiles_and_catches_errors_by_their_type()
    {
        await using var host = new ServerHost();
        using HttpClient client = host.Connect();
        OpenApiDocument document = await OpenApiDocument.FromJsonAsync(
            (await client.AskAsync("GET", "/swagger/v1/swagger.json")).Body, TestContext.Current.CancellationToken);
        string generated = new CSharpClientGenerator(document, new CSharpClientGeneratorSettings
        {
            ClassName = "JwtAuthClient",
            UseBaseUrl = false,
            CSharpGeneratorSettings =
            {
                Namespace = "Generated",
                JsonLibrary = CSharpJsonLibrary.SystemTextJson,
                JsonLibraryVersion = 10,
            },
        }).GenerateFile();

        MethodInfo run = Compile(generated, Consumer).GetType("Consumer")!.GetMethod("RunAsync")!;
        IReadOnlyList<string> told = await (Task<IReadOnlyList<string>>)run.Invoke(null, [client, ""])!;

        told.Should().Equal("nina", "409 username_taken", "401 invalid_credentials", "401 invalid_client", "Bearer", "nina Bearer",
            "403 forbidden", "401 token_required no_token");
    }

    private static Assembly Compile(params string[] sources)
    {
        string[] platform = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        CSharpCompilation compilation = CSharpCompilation.Create(
            "generated", sources.Select(source => CSharpSyntaxTree.ParseText(source, cancellationToken: cancellation)),
            platform.Select(assembly => MetadataReference.CreateFromFile(assembly)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        using var stream = new MemoryStream();
        compilation.Emit(stream, cancellationToken: cancellation).Diagnostics
            .Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).Should().BeEmpty();
        return Assembly.Load(stream.ToArray());
    }
}
