using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Primitives;

namespace JwtAuth.Server.Authentication;

/// <summary>
/// The kinds of credential that a request can come with. Each is an authentication scheme, and the name is the one that <c>/me</c> tells.
/// </summary>
internal static class Credentials
{
    public const string Bearer = JwtBearerDefaults.AuthenticationScheme;
    public const string Session = "session";
    public const string SignedCookie = "signed_cookie";
    public const string PersonalAccessToken = "personal_access_token";
    public const string Basic = "basic";

    /// <summary>What <see cref="Bearer"/> is called on the wire.</summary>
    public const string BearerOnTheWire = "bearer";

    /// <summary>No credential for a request, but a kind of token, and of cookie.</summary>
    public const string RefreshToken = "refresh_token";

    // Chooses one of the above for each request.
    private const string Any = "any";

    /// <summary>All of them, of which each request gets one; and whether the call takes that one.</summary>
    public static AuthenticationBuilder AddCredentials(this IServiceCollection services)
    {
        services.AddAuthorizationBuilder().SetDefaultPolicy(new AuthorizationPolicyBuilder()
            .RequireAuthenticatedUser()
            .RequireAssertion(context => context.Resource is HttpContext http
            && TakesAttribute.Of(http).Includes(context.User.Identity?.AuthenticationType))
            .Build());
        return services.AddAuthentication(Any)
            .AddPolicyScheme(Any, displayName: null, options => options.ForwardDefaultSelector = Of)
            .AddScheme<AuthenticationSchemeOptions, PersonalAccessTokenHandler>(PersonalAccessToken, configureOptions: null)
            .AddScheme<AuthenticationSchemeOptions, BasicHandler>(Basic, configureOptions: null)
            .AddCookieCredentials();
    }

    /// <summary>
    /// The one credential that a request is judged by. <c>Authorization</c> decides alone where it is sent, and a bad one is never replaced
    /// by a cookie. A cookie comes by itself, and is nothing where the call does not take it.
    /// </summary>
    private static string Of(HttpContext context)
    {
        TakesAttribute takes = TakesAttribute.Of(context);
        StringValues authorization = context.Request.Headers.Authorization;
        // A browser that remembers a name and password sends them by itself, from any page: only calls that change nothing may take them.
        if (takes.Includes(Basic)
            && BasicCredentials.AreIn(authorization) && context.RequestServices.GetRequiredService<BasicSettings>().Enabled)
        {
            return Basic;
        }

        if (authorization.Count > 0)
            return PersonalAccessTokenHandler.IsAskedFor(context) ? PersonalAccessToken : Bearer;
        OwnCookies cookies = context.RequestServices.GetRequiredService<OwnCookies>();
        return takes.Includes(Session) && OwnCookies.Has(context.Request, cookies.Session) ? Session
            : takes.Includes(SignedCookie) && OwnCookies.Has(context.Request, cookies.SignedCookie) ? SignedCookie
            : Bearer;
    }
}

/// <summary>The kinds that this service takes as it is configured, by their names on the wire.</summary>
internal sealed class TakenCredentials(SignedCookieSettings signedCookies, BasicSettings basic)
{
    public IReadOnlyList<string> Kinds { get; } =
    [
        Credentials.BearerOnTheWire, Credentials.Session, .. signedCookies.Enabled ? [Credentials.SignedCookie] : Array.Empty<string>(),
        Credentials.PersonalAccessToken, .. basic.Enabled ? [Credentials.Basic] : Array.Empty<string>(),
    ];
}

/// <summary>The credentials that a call takes beside an access token.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class TakesAttribute(params string[] others) : Attribute
{
    private static readonly TakesAttribute BearerAlone = new();

    public static TakesAttribute Of(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<TakesAttribute>() ?? BearerAlone;

    public bool Includes(string? credential) => credential == Credentials.Bearer || others.Contains(credential);
}
