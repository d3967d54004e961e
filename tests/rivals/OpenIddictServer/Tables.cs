using OpenIddict.Abstractions;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace OpenIddictServer;

internal sealed record Registration(string Username, string Password);

/// <summary>The tables, and the one client.</summary>
internal static class Tables
{
    private const string ClientId = "benchmark";

    public static async Task PrepareAsync(IServiceProvider services, string secret)
    {
        await using AsyncServiceScope scope = services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<Db>().Database.EnsureCreatedAsync();
        var clients = scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>();
        if (await clients.FindByClientIdAsync(ClientId) is null)
            await clients.CreateAsync(new OpenIddictApplicationDescriptor
            {
                ClientId = ClientId,
                ClientSecret = secret,
                Permissions =
                {
                    Permissions.Endpoints.Token, Permissions.Endpoints.Introspection, Permissions.GrantTypes.Password,
                    Permissions.GrantTypes.RefreshToken, Permissions.GrantTypes.ClientCredentials,
                },
            });
    }
}
