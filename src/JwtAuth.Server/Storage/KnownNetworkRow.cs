namespace JwtAuth.Server.Storage;

/// <summary>A network from which an account's owner has logged in.</summary>
internal sealed class KnownNetworkRow
{
    public required string Subject { get; init; }

    /// <summary>A MAC over account and network, in hex. It does not say which network it is.</summary>
    public required string Network { get; init; }

    /// <summary>When the owner logged in from there, to a day.</summary>
    public required DateTimeOffset LastAt { get; set; }
}
