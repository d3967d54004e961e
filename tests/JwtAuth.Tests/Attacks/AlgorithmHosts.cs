using JwtAuth.Bearer.Keys;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Attacks;

/// <summary>One service for each algorithm.</summary>
public sealed class AlgorithmHosts : IAsyncDisposable
{
    private readonly Dictionary<SignatureAlgorithm, ServerHost> hosts = Enum.GetValues<SignatureAlgorithm>()
        .ToDictionary(algorithm => algorithm, algorithm => new ServerHost().With("JwtAuth:SigningKeys:Algorithm", $"{algorithm}"));

    internal ServerHost Of(SignatureAlgorithm algorithm) => hosts[algorithm];

    public async ValueTask DisposeAsync()
    {
        foreach (ServerHost host in hosts.Values)
            await host.DisposeAsync();
    }
}
