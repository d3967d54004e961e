using System.Security.Cryptography;

namespace JwtAuth.Tests.Hosting;

/// <summary>The service as it runs in Production: an https issuer, behind a proxy on this machine that speaks plain http to it.</summary>
internal static class Production
{
    public const string Issuer = "https://auth.example.com";

    public static ServerHost Host(string trustedNetwork = "127.0.0.1") => new ServerHost { Environment = "Production" }
        .With("JwtAuth:Issuer", Issuer)
        .With("JwtAuth:Audiences", "orders")
        .With("JwtAuth:Scopes:orders:read", "")
        .With("JwtAuth:MasterKey", Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)))
        .With("JwtAuth:Proxy:TrustedNetworks", trustedNetwork);

    /// <summary>A client whose requests look as the proxy passes them on.</summary>
    public static HttpClient ConnectByProxy(this ServerHost host, string? bearer = null)
    {
        HttpClient client = host.Connect(bearer);
        client.DefaultRequestHeaders.Add("X-Forwarded-For", "192.0.2.7");
        client.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");
        return client;
    }
}
