namespace JwtAuth.Server.Storage;

/// <summary>One process of an API that follows the feed of denials, and the key set that it holds.</summary>
internal sealed class FeedListenerRow
{
    /// <summary>The client that the API is.</summary>
    public required string ClientId { get; init; }

    /// <summary>A random name of the process; empty for those that say none, of an older version.</summary>
    public required string Instance { get; init; }

    /// <summary>The name of the key set that it holds; empty if it does not say.</summary>
    public required string Keys { get; set; }

    /// <summary>When it was heard of, to half a minute.</summary>
    public required DateTimeOffset SeenAt { get; set; }
}
