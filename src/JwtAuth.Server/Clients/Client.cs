namespace JwtAuth.Server.Clients;

/// <summary>What a client may do.</summary>
[Flags]
internal enum ClientRights
{
    None = 0,

    /// <summary>Ask whether a token is good (RFC 7662).</summary>
    Introspect = 1,

    /// <summary>End tokens (RFC 7009).</summary>
    Revoke = 2,

    /// <summary>Hear of tokens that were ended.</summary>
    Denials = 4,
}

/// <summary>An API, or another program of the team, that asks this service about tokens (RFC 6749 §2).</summary>
/// <param name="Id">Its <c>client_id</c>.</param>
/// <param name="Secrets">One secret, or two during a change.</param>
/// <param name="Audiences">Tokens for other audiences are unknown to it.</param>
/// <param name="Rights">What it may do.</param>
internal sealed record Client(string Id, IReadOnlyList<ClientSecret> Secrets, IReadOnlyList<string> Audiences, ClientRights Rights)
{
    /// <summary>
    /// Its audiences without the account, in the order of the configuration. A personal access token is good for every API.
    /// </summary>
    public IReadOnlyList<string> Apis { get; init; } = [];

    public bool Knows(string audience) => Audiences.Contains(audience);
}
