namespace JwtAuth.Server.Pipeline;

/// <summary>What holds for the replies below one path and differs from all other replies. Whoever serves that path registers it.</summary>
/// <param name="Path">The path, and all below it.</param>
internal sealed record PathRule(PathString Path)
{
    /// <summary>The <c>Content-Security-Policy</c>; <see langword="null"/> for that of the API, which allows nothing.</summary>
    public string? ContentSecurityPolicy { get; init; }

    /// <summary>Whether plain http is answered though the issuer is https.</summary>
    public bool AllowsPlainHttp { get; init; }
}
