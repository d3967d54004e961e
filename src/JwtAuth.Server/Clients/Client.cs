namespace JwtAuth.Server.Clients;

/// <summary>What a client may do.</summary>
[Flags]
internal enum ClientRights
{
    None = 0,

    /// <summary>Ask what a token is worth (RFC 7662).</summary>
    Introspect = 1,

    /// <summary>End tokens (RFC 7009).</summary>
    Revoke = 2,

    /// <summary>Hear what was ended.</summary>
    Denials = 4,
}

/// <summary>An API, or another program of the team, that asks this service about tokens (RFC 6749 §2).</summary>
/// <param name="Id">Its <c>client_id</c>.</param>
/// <param name="Secrets">One, or two while it changes.</param>
/// <param name="Audiences">Only tokens for one of these are known to it.</param>
/// <param name="Rights">What it may.</param>
internal sealed record Client(string Id, IReadOnlyList<ClientSecret> Secrets, IReadOnlyList<string> Audiences, ClientRights Rights)
{
    /// <summary>Its audiences without the account, in the order of the configuration: a personal access token is for every API.</summary>
    public IReadOnlyList<string> Apis { get; init; } = [];

    public bool Knows(string audience) => Audiences.Contains(audience);
}
