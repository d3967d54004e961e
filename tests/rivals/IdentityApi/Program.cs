using System.Security.Claims;
using IdentityApi;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

// ASP.NET Core Identity's own API on SQLite, as its documentation sets it up: opaque tokens, protected by Data Protection.
//   --directory DIRECTORY --urls URL [--tables unseen]
WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
string directory = builder.Configuration["directory"] ?? throw new InvalidOperationException("--directory is missing");
builder.Services.AddDbContext<Db>(options => options.UseSqlite($"Data Source={Path.Combine(directory, "identity.db")}"));
// Without a name of its own its tokens are good only for a process that was started in the same place.
builder.Services.AddDataProtection().SetApplicationName("identity-api").PersistKeysToFileSystem(new DirectoryInfo(directory));
builder.Services.AddAuthorization();
builder.Services.AddIdentityApiEndpoints<IdentityUser>(options =>
{
    // A long password of small letters, as the service takes it.
    options.Password.RequiredLength = 12;
    options.Password.RequireDigit = options.Password.RequireUppercase = options.Password.RequireNonAlphanumeric = false;
}).AddEntityFrameworkStores<Db>();

await using WebApplication app = builder.Build();
if (builder.Configuration["tables"] != "unseen")
{
    await using AsyncServiceScope scope = app.Services.CreateAsyncScope();
    await scope.ServiceProvider.GetRequiredService<Db>().Database.EnsureCreatedAsync();
}
app.MapIdentityApi<IdentityUser>();
app.MapGet("/me", (ClaimsPrincipal user) => new { Name = user.Identity?.Name }).RequireAuthorization();
app.MapGet("/health", () => "healthy");
await app.RunAsync();
