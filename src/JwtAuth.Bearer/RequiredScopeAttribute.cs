using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Authorization;

namespace JwtAuth.Bearer;

/// <summary>
/// Requires a scope in the access token. Without it the answer is 403, with <c>error="insufficient_scope"</c> and the scope's name (RFC
/// 6750 §3.1). If there are several, all are required.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method, AllowMultiple = true)]
public sealed partial class RequiredScopeAttribute : AuthorizeAttribute, IAuthorizationRequirement, IAuthorizationRequirementData
{
    /// <summary>Requires <paramref name="scope"/>.</summary>
    /// <exception cref="ArgumentException">It is not one scope-token of RFC 6749 §3.3.</exception>
    public RequiredScopeAttribute(string scope)
    {
        if (!ScopeToken().IsMatch(scope))
            throw new ArgumentException("a scope is one word of printable ASCII without quotation marks and backslashes", nameof(scope));
        Scope = scope;
    }

    /// <summary>The scope that is required.</summary>
    public string Scope { get; }

    /// <inheritdoc/>
    public IEnumerable<IAuthorizationRequirement> GetRequirements() => [this];

    [GeneratedRegex(@"\A[\x21\x23-\x5B\x5D-\x7E]+\z")]
    private static partial Regex ScopeToken();
}

internal sealed class RequiredScopeHandler : AuthorizationHandler<RequiredScopeAttribute>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, RequiredScopeAttribute requirement)
    {
        if (context.User.HasClaim("scope", requirement.Scope))
            context.Succeed(requirement);
        return Task.CompletedTask;
    }
}
