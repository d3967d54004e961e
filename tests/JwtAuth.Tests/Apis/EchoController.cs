using System.Security.Claims;
using JwtAuth.Bearer;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Apis;

/// <summary>What an API sees of its caller.</summary>
public sealed record Echo(string? Sub, string? Jti, string? Name, bool IsClerk, int Marks, string? Saved);

/// <summary>What a scheme's handler says of a request.</summary>
public sealed record Ticket(
    bool Succeeded, string? Failure, DateTimeOffset? IssuedUtc, DateTimeOffset? ExpiresUtc, string? Saved, string? Own);

/// <summary>Says who it is that called, by every way in which an API asks.</summary>
[ApiController]
public sealed class EchoController : ControllerBase
{
    [HttpGet("/echo")]
    [Authorize]
    public async Task<Echo> Echo() => new(
        User.FindFirstValue("sub"), User.FindFirstValue("jti"), User.Identity?.Name, User.IsInRole("clerk"), User.FindAll("mark").Count(),
        await HttpContext.GetTokenAsync("access_token"));

    [HttpGet("/echo/other")]
    [Authorize(AuthenticationSchemes = "Other")]
    public Task<Echo> Other() => Echo();

    /// <summary>By the schemes of the policy "any", which a test makes.</summary>
    [HttpGet("/echo/any")]
    [Authorize(Policy = "any")]
    public Task<Echo> Any() => Echo();

    /// <summary>By one scheme.</summary>
    [HttpGet("/echo/by/Bearer")]
    [Authorize(AuthenticationSchemes = "Bearer")]
    public Task<Echo> ByBearer() => Echo();

    [HttpGet("/echo/by/Stock")]
    [Authorize(AuthenticationSchemes = "Stock")]
    public Task<Echo> ByStock() => Echo();

    /// <summary>What a scheme's handler makes of the request.</summary>
    [HttpGet("/echo/ticket/{scheme}")]
    public async Task<Ticket> Ticket(string scheme)
    {
        AuthenticateResult result = await HttpContext.AuthenticateAsync(scheme);
        return new(
            result.Succeeded, result.Failure?.GetType().Name, result.Properties?.IssuedUtc, result.Properties?.ExpiresUtc,
            result.Properties?.GetTokenValue("access_token"), result.Properties?.GetString("own"));
    }

    [HttpGet("/echo/clerks")]
    [Authorize(Roles = "clerk")]
    public Task<Echo> Clerks() => Echo();

    [HttpGet("/echo/readers")]
    [Authorize(Policy = "readers")]
    public Task<Echo> Readers() => Echo();

    [HttpGet("/echo/scope")]
    [RequiredScope("orders:read")]
    public Task<Echo> Scope() => Echo();
}

internal static class Echoing
{
    /// <summary>The sample API with these calls beside its own.</summary>
    public static ApiHost WithEcho(this ApiHost api) => api.With(services =>
    {
        services.AddControllers().AddApplicationPart(typeof(EchoController).Assembly);
        services.AddAuthorizationBuilder().AddPolicy("readers", policy => policy.RequireClaim("scope", "orders:read"));
    });

    /// <summary>Waits until keys and denials have been heard: healthy is who has.</summary>
    public static Task HeardAsync(this HttpClient client) =>
        Patience.UntilAsync(async () => (await client.AskAsync("GET", "/health")).Status == 200);

    public static Task<Reply> AskWithAsync(this HttpClient client, string token, string path = "/orders") =>
        client.AskAsync("GET", path, null, ("Authorization", $"Bearer {token}"));

    /// <summary>In Development a refusal says why.</summary>
    public static string Reason(this Reply reply) => reply.Json.GetProperty("reason").GetString()!;

    public static void ShouldBeRefused(this Reply reply, int status, string reason, string because = "")
    {
        reply.Status.Should().Be(status, because);
        reply.Reason().Should().Be(reason, because);
        if (status == 503)
            reply.Header("Retry-After").Should().Be("1", because);
    }
}
