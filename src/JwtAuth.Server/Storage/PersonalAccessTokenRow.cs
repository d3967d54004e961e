namespace JwtAuth.Server.Storage;

/// <summary>What the store knows of a personal access token. The token cannot be made from it.</summary>
internal sealed class PersonalAccessTokenRow
{
    /// <summary>Its random identifier, which is also the <c>sid</c> of the access tokens made from it.</summary>
    public required string Id { get; init; }

    public required string Subject { get; init; }

    /// <summary>The name that its owner gave it.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of the token.</summary>
    public required byte[] Hash { get; init; }

    /// <summary>The scopes it was granted, separated by spaces. When it is used, those that its owner may not have are left out.</summary>
    public required string Scope { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The last use, to about a minute; <see langword="null"/> before the first.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }
}
