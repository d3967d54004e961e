using System.Diagnostics;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using Microsoft.AspNetCore.Http;

namespace JwtAuth.Tests.Apis;

/// <summary>What a developer is told who has sent the wrong thing, or configured it.</summary>
public sealed class HintTests
{
    [Theory]
    [InlineData("personal access token", "personal_access_token", "POST /auth/login")]
    [InlineData("refresh token", "refresh_token", "POST /auth/refresh")]
    public async Task Another_token_of_the_service_is_called_by_its_name_at_an_API_and_told_where_it_belongs(
        string kind, string reason, string place)
    {
        await using var host = new ServerHost();
        string token = kind == "refresh token"
            ? host.Get<RefreshTokenCodec>().Write(new RefreshToken("nV2_ZkqvRZ1cWm0p3b1x4g", 0)) : PersonalAccessToken.Make().Reveal();
        (ManualTime time, SigningKey key) = (new(), SigningKey.Generate(SignatureAlgorithm.ES256));
        await using Issuer issuer = await Issuer.StartAsync(time, key);
        await using ApiHost api = new(issuer.Url) { Time = time }, production = new(issuer.Url) { Time = time, Environment = "Production" };
        using HttpClient client = api.Connect(), other = production.Connect();

        Reply refused = await client.AskWithAsync(token), plain = await other.AskWithAsync(token);

        refused.ShouldBeRefused(401, reason);
        refused.Json.GetProperty("hint").GetString().Should().Contain($"This is a {kind} (").And.Contain(place);
        refused.Body.Should().NotContain(token);
        foreach (Reply reply in new[] { refused, plain })
            reply.Header("WWW-Authenticate").Should().Be("Bearer error=\"invalid_token\"");
        plain.Body.Should().BeEmpty();
        (await client.AskWithAsync(issuer.Token(key))).Status.Should().Be(200);
    }

    [Fact]
    public async Task Another_token_at_the_refresh_is_called_by_its_name_and_outside_of_Development_it_is_no_grant_like_any_other()
    {
        await using ServerHost host = new(), production = Production.Host();
        await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect(), other = production.ConnectByProxy();
        Tokens tokens = await client.BeginAsync("alice");

        Reply access = await client.RefreshAsync(tokens.Access), personal = await client.RefreshAsync(PersonalAccessToken.Make().Reveal()),
            nonsense = await client.RefreshAsync("nonsense"), plain = await other.RefreshAsync(tokens.Access);

        foreach (Reply reply in new[] { access, personal, nonsense, plain })
            reply.ShouldBeInvalidGrant();
        access.Json.GetProperty("detail").GetString().Should().Contain("access token").And.Contain("Authorization: Bearer");
        personal.Json.GetProperty("detail").GetString().Should().Contain("personal access token").And.Contain("POST /auth/login");
        foreach (Reply reply in new[] { nonsense, plain })
            reply.Json.TryGetProperty("detail", out _).Should().BeFalse();
        (await client.RefreshAsync(tokens.Refresh)).Status.Should().Be(200);
    }

    [Fact]
    public async Task Keys_that_cannot_be_read_are_told_with_the_reason()
    {
        (ManualTime time, SigningKey key) = (new(), SigningKey.Generate(SignatureAlgorithm.ES256));
        await using Issuer issuer = await Issuer.StartAsync(time, key);
        issuer.Instead = context =>
        {
            context.Response.StatusCode = StatusCodes.Status418ImATeapot;
            return Task.CompletedTask;
        };
        await using var api = new ApiHost(issuer.Url) { Time = time };
        using HttpClient client = api.Connect();

        Reply unknown = await client.AskWithAsync(issuer.Token(key));

        unknown.ShouldBeRefused(503, "keys_unknown");
        unknown.Json.GetProperty("hint").GetString().Should().EndWith($"({issuer.Url}/.well-known/jwks.json answered 418)");
    }

    public static TheoryData<string, string, string> Faults => new()
    {
        { "JwtAuth__Denials", "", "JwtAuth:Denials must be said: Feed" },
        { "JwtAuth__Authority", "", "JwtAuth:Authority is missing" },
        { "JwtAuth__Authority", "http://auth.example.com", "JwtAuth:Authority is plain http" },
        { "JwtAuth__Audience", "", "JwtAuth:Audience is missing" },
        { "Authentication__Schemes__Bearer__ValidAudiences__0", "orders", "TokenValidationParameters.ValidAudiences of the scheme Bearer" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task An_API_that_is_misconfigured_ends_with_one_line_of_what_and_how_to_mend_it(string key, string value, string fault)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "JwtAuth.SampleApi.dll")])
        {
            WorkingDirectory = Directory.CreateTempSubdirectory("jwtauth-").FullName, // without settings of its own
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["DOTNET_DbgEnableMiniDump"] = "0",
                ["DOTNET_CLI_UI_LANGUAGE"] = "en",
                ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
                ["JwtAuth__Authority"] = "http://127.0.0.1:9",
                ["JwtAuth__Audience"] = "orders",
                ["JwtAuth__Denials"] = "None",
                [key] = value,
            },
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken),
            error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        process.ExitCode.Should().NotBe(0);
        (await error).Trim().Should().Contain(fault).And.NotContain("\n", "it is one line");
        (await output).Should().NotContain("   at ", "a stack helps nobody");
    }
}
