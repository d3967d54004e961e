using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Primitives;

namespace JwtAuth.Server.Authentication;

/// <summary>The kinds of credential that a request can carry. Each is an authentication scheme, and <c>/me</c> reports its name.</summary>
internal static class Credentials
{
    public const string Bearer = JwtBearerDefaults.AuthenticationScheme;
    public const string Session = "session";
    public const string SignedCookie = "signed_cookie";
    public const string PersonalAccessToken = "personal_access_token";
    public const string Basic = "basic";

    /// <summary>The name of <see cref="Bearer"/> on the wire.</summary>
    public const string BearerOnTheWire = "bearer";

    /// <summary>Not a credential for a request, but a kind of token and of cookie.</summary>
    public const string RefreshToken = "refresh_token";

    // Chooses one of the above for each request.
    private const string Any = "any";

    /// <summary>Adds all of them. Each request gets one scheme, and the default policy checks whether the call takes it.</summary>
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
    /// The one credential that decides about a request. If there is an <c>Authorization</c> header, it alone decides; a cookie never
    /// replaces a bad one. Browsers send cookies unasked, so a cookie is ignored if the call does not take it.
    /// </summary>
    private static string Of(HttpContext context)
    {
        TakesAttribute takes = TakesAttribute.Of(context);
        StringValues authorization = context.Request.Headers.Authorization;
        // A browser that remembers a name and password sends them by itself, from any page. So only calls that change nothing may take
        // them.
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

/// <summary>The kinds that this service accepts with its configuration, by their names on the wire.</summary>
internal sealed class TakenCredentials(SignedCookieSettings signedCookies, BasicSettings basic)
{
    public IReadOnlyList<string> Kinds { get; } =
    [
        Credentials.BearerOnTheWire, Credentials.Session, .. signedCookies.Enabled ? [Credentials.SignedCookie] : Array.Empty<string>(),
        Credentials.PersonalAccessToken, .. basic.Enabled ? [Credentials.Basic] : Array.Empty<string>(),
    ];
}

/// <summary>The credentials that a call takes besides an access token.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class TakesAttribute(params string[] others) : Attribute
{
    private static readonly TakesAttribute BearerAlone = new();

    public static TakesAttribute Of(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<TakesAttribute>() ?? BearerAlone;

    public bool Includes(string? credential) => credential == Credentials.Bearer || others.Contains(credential);
}
