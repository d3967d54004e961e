using JwtAuth.Server.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace JwtAuth.Server.Pipeline;

/// <summary>The API's description at <c>/swagger</c>, with an Authorize button for the access token.</summary>
internal static class SwaggerPages
{
    private const string Scheme = "Bearer";

    public static void AddSwaggerPages(this IServiceCollection services)
    {
        services.AddEndpointsApiExplorer();
        // Only its own scripts and styles, and images in data: URLs.
        services.AddSingleton(new PathRule("/swagger")
        {
            ContentSecurityPolicy = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
                + "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        });
        services.AddSwaggerGen(options =>
        {
            options.SwaggerDoc("v1", new OpenApiInfo
            {
                Title = "JwtAuth",
                Version = "v1",
                Description =
                    "A password goes in, a signed JWT comes out. Register, log in, copy `access_token` into **Authorize**, call `/me`.",
            });
            options.IncludeXmlComments(Path.Combine(AppContext.BaseDirectory, "JwtAuth.Server.xml"), includeControllerXmlComments: true);
            options.AddSecurityDefinition(Scheme, new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                BearerFormat = "JWT",
                Description = "The access_token of POST /auth/login, without the word Bearer.",
            });
            options.SupportNonNullableReferenceTypes();
            options.NonNullableReferenceTypesAsRequired();
            options.OperationFilter<PadlockWhereNeeded>();
            options.OperationFilter<NoProblemWhereAllIsWell>();
            options.OperationFilter<Forms>();
            options.MapType<PersonalAccessTokens.PersonalAccessToken>(
                () => new OpenApiSchema { Type = JsonSchemaType.String, Format = "password" });
            options.MapType<Passwords.Password>(() => new OpenApiSchema { Type = JsonSchemaType.String, Format = "password" });
        });
    }

    public static void UseSwaggerPages(this WebApplication app)
    {
        app.UseSwagger();
        app.UseSwaggerUI(options => options.DocumentTitle = "JwtAuth");
    }

    // Problem documents come from the same formatter as all other JSON. Without this filter, they would be listed for every reply.
    private sealed class NoProblemWhereAllIsWell : IOperationFilter
    {
        public void Apply(OpenApiOperation operation, OperationFilterContext context)
        {
            foreach ((string status, IOpenApiResponse response) in operation.Responses ?? [])
            {
                if (status.StartsWith('2'))
                    response.Content?.Remove(Errors.Problems.ContentType);
            }
        }
    }

    // Forms are read by our own strict code, so the generator does not see them.
    private sealed class Forms : IOperationFilter
    {
        public void Apply(OpenApiOperation operation, OperationFilterContext context)
        {
            if (context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<FormFieldsAttribute>().SingleOrDefault() is not { } form)
                return;
            var schema = new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                Properties = form.Names.Concat(["client_id", "client_secret"])
                    .ToDictionary(name => name, _ => (IOpenApiSchema)new OpenApiSchema { Type = JsonSchemaType.String }),
                Required = new HashSet<string> { form.Names[0] },
            };
            operation.RequestBody = new OpenApiRequestBody
            {
                Content = new Dictionary<string, IOpenApiMediaType>
                {
                    ["application/x-www-form-urlencoded"] = new OpenApiMediaType { Schema = schema },
                },
            };
        }
    }

    // A requirement for the whole document would put the padlock on the login too.
    private sealed class PadlockWhereNeeded : IOperationFilter
    {
        public void Apply(OpenApiOperation operation, OperationFilterContext context)
        {
            if (context.ApiDescription.ActionDescriptor.EndpointMetadata.OfType<IAllowAnonymous>()
                .Any(allowed => allowed is not TakesRefreshCookieAttribute))
            {
                return;
            }

            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = [] }];
        }
    }
}
