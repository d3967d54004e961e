using System.Globalization;
using JwtAuth.Server.Authentication;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace JwtAuth.Server.Pipeline;

/// <summary>The API's description (OpenAPI), made from the code, its comments and the configuration.</summary>
internal static class ApiDescriptions
{
    /// <summary>The operations in the order in which somebody meets them. Each is the name of a route.</summary>
    public static readonly string[] Story =
    [
        "register", "login", "me", "refresh", "logOut", "logOutOthers", "logOutEverywhere", "listSessions", "endSession", "revokeToken",
        "changePassword",
        "makePersonalAccessToken", "listPersonalAccessTokens", "showPersonalAccessToken", "deletePersonalAccessToken",
        "listUsers", "addUser", "giveRole", "takeRole", "resetPassword", "logOutUser", "deletePersonalAccessTokensOfUser", "disableUser",
        "enableUser", "deleteUser", "listAudit",
        "introspect", "revoke", "readDenials",
        "readMetadata", "readOpenIdConfiguration", "readKeys",
    ];

    // In the order of the story too.
    private static readonly (string Name, string Description)[] Tags =
    [
        ("Account", "An account and its login."),
        ("Sessions", "What goes on after a login, and how it ends."),
        ("Personal access tokens", "For scripts. By a token for the account, or its session."),
        ("Administration", "Accounts and roles. By a token for the account of somebody with the role `admin`."),
        ("Clients", "For APIs, by their own id and secret (`JwtAuth:Clients`)."),
        ("Metadata", "Public keys, and what there is. For everybody."),
    ];

    public static void AddApiDescriptions(this IServiceCollection services)
    {
        services.AddEndpointsApiExplorer();
        services.AddSwaggerGen(options =>
        {
            options.SwaggerDoc("v1", new OpenApiInfo
            {
                Title = "JwtAuth",
                Version = "v1",
                Description =
                    "A password goes in, a signed JWT comes out. Register, log in, copy `access_token` into **Authorize**, call `/me`.",
                License = new OpenApiLicense { Name = "MIT", Url = new Uri("https://opensource.org/license/mit") },
            });
            options.AddServer(new OpenApiServer { Url = "/" });
            foreach (string assembly in (string[])["JwtAuth.Server", "JwtAuth.Bearer"])
            {
                string comments = Path.Combine(AppContext.BaseDirectory, $"{assembly}.xml");
                options.IncludeXmlComments(comments, includeControllerXmlComments: true);
            }
            // HEAD is answered as GET is, and needs no description of its own.
            options.DocInclusionPredicate((_, call) => call.HttpMethod != HttpMethods.Head);
            options.OrderActionsBy(call =>
                Array.IndexOf(Story, call.ActionDescriptor.AttributeRouteInfo?.Name).ToString("D3", CultureInfo.InvariantCulture));
            options.SupportNonNullableReferenceTypes();
            options.NonNullableReferenceTypesAsRequired();
            options.MapType<PersonalAccessTokens.PersonalAccessToken>(() => Secret());
            options.MapType<Passwords.Password>(() => Secret());
            options.SchemaFilter<DescribedSchemas>();
            options.OperationFilter<DescribedBodies>();
            options.OperationFilter<DescribedErrors>();
            options.OperationFilter<DescribedCredentials>();
            options.DocumentFilter<InOrder>();
        });
        services.AddOptions<SwaggerGenOptions>().Configure<OwnCookies, TakenCredentials>(DescribedCredentials.AddSchemes);
    }

    private static OpenApiSchema Secret() => new() { Type = JsonSchemaType.String, Format = "password" };

    private sealed class InOrder : IDocumentFilter
    {
        public void Apply(OpenApiDocument swaggerDoc, DocumentFilterContext context) =>
            swaggerDoc.Tags = Tags.Select(tag => new OpenApiTag { Name = tag.Name, Description = tag.Description })
                .ToHashSet();
    }
}
