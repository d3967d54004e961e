namespace JwtAuth.Server.Storage;

/// <summary>A personal access token, as far as the store knows it: nothing here can be turned into one.</summary>
internal sealed class PersonalAccessTokenRow
{
    /// <summary>Its name for the program: random, and the <c>sid</c> of the access tokens that are made from it.</summary>
    public required string Id { get; init; }

    public required string Subject { get; init; }

    /// <summary>Its name for its owner.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of the token.</summary>
    public required byte[] Hash { get; init; }

    /// <summary>What it may at most, separated by spaces: what its owner may not have when it is used is left out.</summary>
    public required string Scope { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The last use, give or take a minute; <see langword="null"/> before the first.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }
}
