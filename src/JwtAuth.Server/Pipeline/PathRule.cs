namespace JwtAuth.Server.Pipeline;

/// <summary>How the replies below one path differ from all other replies. The code that serves the path registers it.</summary>
/// <param name="Path">The path, and all below it.</param>
internal sealed record PathRule(PathString Path)
{
    /// <summary>The <c>Content-Security-Policy</c>. If <see langword="null"/>, that of the API, which allows nothing.</summary>
    public string? ContentSecurityPolicy { get; init; }

    /// <summary>Whether plain http is answered even if the issuer is https.</summary>
    public bool AllowsPlainHttp { get; init; }
}
