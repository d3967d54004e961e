using JwtAuth.Server.Authentication;
using JwtAuth.Server.Descriptions;
using Microsoft.AspNetCore.Authorization;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace JwtAuth.Server.Pipeline;

/// <summary>Describes by which credentials an operation can be called.</summary>
internal sealed class DescribedCredentials(TakenCredentials taken) : IOperationFilter
{
    private const string Client = "client";

    /// <summary>Adds each kind that the configuration allows. The access token comes first.</summary>
    public static void AddSchemes(SwaggerGenOptions options, OwnCookies cookies, TakenCredentials taken)
    {
        options.AddSecurityDefinition(Credentials.Bearer, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            BearerFormat = "JWT",
            Description = "The access_token of POST /auth/login, without the word Bearer. At /me, a personal access token too.",
        });
        options.AddSecurityDefinition(
            Credentials.Session,
            Cookie(
                cookies.Session,
                "A login with `\"credential\": \"session\"` sets it. A change that a browser sends needs an `Origin` of ours."));
        if (taken.Kinds.Contains(Credentials.SignedCookie))
        {
            options.AddSecurityDefinition(
                Credentials.SignedCookie, Cookie(cookies.SignedCookie, "A login with `\"credential\": \"signed_cookie\"` sets it."));
        }
        options.AddSecurityDefinition(
            Credentials.RefreshToken,
            Cookie(cookies.Refresh, "A login with `\"refresh\": \"cookie\"` sets it. It needs an `Origin` of ours."));
        if (taken.Kinds.Contains(Credentials.Basic))
            options.AddSecurityDefinition(Credentials.Basic, Basic("Name and password with each request (RFC 7617)."));
        options.AddSecurityDefinition(Client, Basic("A client's id and secret, each form-encoded first (RFC 6749 §2.3.1)."));
    }

    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        IList<object> metadata = context.ApiDescription.ActionDescriptor.EndpointMetadata;
        operation.Security = [.. SchemesOf(metadata).Select(scheme => scheme is null
            ? new OpenApiSecurityRequirement()
            : new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(scheme, context.Document)] = [] })];
    }

    /// <summary>
    /// Leaves only the access token. In a page's dialog the others would be a trap: no script can send a cookie that somebody types there.
    /// </summary>
    public static void LeaveBearerAlone(OpenApiDocument document)
    {
        foreach (string scheme in document.Components!.SecuritySchemes!.Keys.Except([Credentials.Bearer]).ToArray())
            document.Components.SecuritySchemes.Remove(scheme);
        foreach (OpenApiOperation operation in document.Paths.Values.SelectMany(path => path.Operations!.Values))
        {
            operation.Security = operation.Security?
                .Where(requirement => requirement.Keys.Any(scheme => scheme.Reference.Id == Credentials.Bearer)).ToList();
        }
    }

    // Null stands for none at all.
    private IEnumerable<string?> SchemesOf(IList<object> metadata)
    {
        if (metadata.OfType<ForClientsAttribute>().Any())
            return metadata.OfType<FormFieldsAttribute>().Any() ? [Client, null] : [Client];
        AlsoByAttribute[] others = [.. metadata.OfType<AlsoByAttribute>()];
        bool takesRefreshCookie = metadata.OfType<TakesRefreshCookieAttribute>().Any();
        if (!takesRefreshCookie && metadata.OfType<IAllowAnonymous>().Any())
            return others.Length == 0 ? [] : [null, .. others.Select(other => other.Credential)];
        TakesAttribute? takes = metadata.OfType<TakesAttribute>().LastOrDefault();
        return
        [
            Credentials.Bearer,
            .. taken.Kinds.Where(kind => kind is Credentials.Session or Credentials.SignedCookie or Credentials.Basic
                && takes?.Includes(kind) == true),
            .. takesRefreshCookie ? [Credentials.RefreshToken] : Array.Empty<string>(),
        ];
    }

    private static OpenApiSecurityScheme Cookie(string name, string description) =>
        new() { Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Cookie, Name = name, Description = description };

    private static OpenApiSecurityScheme Basic(string description) =>
        new() { Type = SecuritySchemeType.Http, Scheme = "basic", Description = description };
}
