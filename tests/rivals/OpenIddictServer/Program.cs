using System.Security.Claims;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Validation.AspNetCore;
using OpenIddictServer;

// OpenIddict with its own stores on SQLite, as its samples set it up: signed access tokens, refresh tokens that rotate.
//   --directory DIRECTORY --secret SECRET --urls URL
WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
string directory = builder.Configuration["directory"] ?? throw new InvalidOperationException("--directory is missing");
string secret = builder.Configuration["secret"] ?? throw new InvalidOperationException("--secret is missing");
builder.Services.AddDbContext<Db>(
    options => options.UseSqlite($"Data Source={Path.Combine(directory, "openiddict.db")}").UseOpenIddict());
builder.Services.AddIdentityCore<IdentityUser>(options =>
{
    // A long password of small letters, as the service takes it.
    options.Password.RequiredLength = 12;
    options.Password.RequireDigit = options.Password.RequireUppercase = options.Password.RequireNonAlphanumeric = false;
}).AddEntityFrameworkStores<Db>();
builder.Services.AddOpenIddict()
    .AddCore(options => options.UseEntityFrameworkCore().UseDbContext<Db>())
    .AddServer(options =>
    {
        options.SetTokenEndpointUris("token").SetIntrospectionEndpointUris("introspect");
        options.AllowPasswordFlow().AllowRefreshTokenFlow().AllowClientCredentialsFlow();
        options.AddSigningKey(Keys.Signing(directory)).AddEncryptionKey(Keys.Encryption(directory)).DisableAccessTokenEncryption();
        options.UseAspNetCore().EnableTokenEndpointPassthrough().DisableTransportSecurityRequirement();
    })
    .AddValidation(options =>
    {
        options.UseLocalServer();
        options.UseAspNetCore();
    });
builder.Services.AddAuthentication(OpenIddictValidationAspNetCoreDefaults.AuthenticationScheme);
builder.Services.AddAuthorization();

await using WebApplication app = builder.Build();
await Tables.PrepareAsync(app.Services, secret);
app.UseAuthentication();
app.UseAuthorization();
app.MapPost("/token", TokenEndpoint.ExchangeAsync);
app.MapPost("/register", async (UserManager<IdentityUser> users, Registration registration) =>
    (await users.CreateAsync(new IdentityUser(registration.Username), registration.Password)).Succeeded
        ? Results.Ok()
        : Results.BadRequest());
app.MapGet("/me", (ClaimsPrincipal user) => new { Sub = user.FindFirstValue("sub") }).RequireAuthorization();
app.MapGet("/health", () => "healthy");
await app.RunAsync();
