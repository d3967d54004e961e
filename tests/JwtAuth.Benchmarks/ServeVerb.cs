using System.CommandLine;
using System.Security.Claims;
using System.Text.Encodings.Web;
using JwtAuth.SampleApi;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace JwtAuth.Benchmarks;

/// <summary>
/// <c>serve</c>: the sample API's controllers behind another authentication than ours, for <see cref="HttpVerb"/> to compare with.
/// </summary>
internal static class ServeVerb
{
    public const string Name = "serve", Constant = "constant", Stock = "stock";

    public static Command Create()
    {
        var kind = new Argument<string>("kind");
        kind.AcceptOnlyFromAmong(Constant, Stock);
        var urls = new Option<string>("--urls") { Required = true };
        var verb = new Command(Name, "The sample API's controllers behind an authentication of this kind") { kind, urls };
        verb.Hidden = true;
        verb.SetAction((parsed, stopping) => RunAsync(parsed.GetValue(kind)!, parsed.GetValue(urls)!, stopping));
        return verb;
    }

    private static async Task<int> RunAsync(string kind, string urls, CancellationToken stopping)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder([$"--urls={urls}"]);
        builder.Services.AddControllers().AddApplicationPart(typeof(OrdersController).Assembly);
        AuthenticationBuilder authentication = builder.Services.AddAuthentication();
        if (kind == Constant)
            authentication.AddScheme<AuthenticationSchemeOptions, ConstantHandler>(Constant, configureOptions: null);
        else
            AddByTheBook(authentication, builder.Configuration.GetSection("JwtAuth"));
        builder.Services.AddAuthorization();

        await using WebApplication app = builder.Build();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapControllers();
        await app.StartAsync(stopping);
        await app.WaitForShutdownAsync(stopping);
        return 0;
    }

    private static void AddByTheBook(AuthenticationBuilder authentication, IConfigurationSection section) =>
        authentication.AddJwtBearer(options =>
    {
        options.MapInboundClaims = false;
        options.TokenValidationParameters = new TokenValidationParameters
        {
            ValidIssuer = section["Authority"],
            ValidAudience = section["Audience"],
            ValidTypes = ["at+jwt"],
            NameClaimType = "username",
            RoleClaimType = "roles",
        };
        // A secret is shared; public keys are fetched.
        if (section["SharedSecrets:0"] is { } secret)
        {
            options.TokenValidationParameters.IssuerSigningKey = new SymmetricSecurityKey(Convert.FromBase64String(secret));
            return;
        }
        options.MetadataAddress = $"{section["Authority"]}/.well-known/openid-configuration";
        options.RequireHttpsMetadata = false;
    });

    /// <summary>What no authentication can be faster than: it looks at nothing and says the same to all.</summary>
    private sealed class ConstantHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        private static readonly Task<AuthenticateResult> Always = Task.FromResult(AuthenticateResult.Success(
            new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", "anyone")], Constant)), Constant)));

        protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Always;
    }
}
