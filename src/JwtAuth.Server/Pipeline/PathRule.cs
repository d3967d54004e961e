namespace JwtAuth.Server.Pipeline;

/// <summary>How the replies below one path differ from all other replies. The code that serves the path registers it.</summary>
/// <param name="Path">The path, and all below it.</param>
internal sealed record PathRule(PathString Path)
{
    /// <summary>The <c>Content-Security-Policy</c>. If <see langword="null"/>, that of the API, which allows nothing.</summary>
    public string? ContentSecurityPolicy { get; init; }

    /// <summary>Whether probes ask here: by plain http even if the issuer is https, and at any address of the machine.</summary>
    public bool IsForProbes { get; init; }

    /// <summary>The rule for a path, if there is one.</summary>
    public static PathRule? Of(PathString path, PathRule[] rules) => Array.Find(rules, rule => path.StartsWithSegments(rule.Path));
}
