namespace JwtAuth.Server.Pipeline;

/// <summary>Swagger UI at <c>/swagger</c>, with an Authorize button for the access token, and the description that it reads.</summary>
internal static class SwaggerPages
{
    private const string Root = "/swagger", Parameter = "credentials", Bearer = "bearer";

    public static void AddSwaggerPages(this IServiceCollection services, SwaggerSettings settings)
    {
        if (settings.Enabled)
            services.AddSingleton(new PageLink(Root, "Swagger UI", "the calls, to be tried"));
        services.AddApiDescriptions();
        // Only its own scripts and styles, and images in data: URLs.
        services.AddSingleton(new PathRule(Root)
        {
            ContentSecurityPolicy = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
                + "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        });
    }

    public static void UseSwaggerPages(this WebApplication app)
    {
        app.UseWhen(context => context.Request.Path.StartsWithSegments(Root), branch => branch.Use((context, next) =>
        {
            if (!Reading.IsAskedFor(context.Request))
                return Reading.RefuseOthersAsync(context);
            context.Request.Method = HttpMethods.Get; // Swashbuckle knows no HEAD; Kestrel still does
            return next(context);
        }));
        app.UseSwagger(options => options.PreSerializeFilters.Add((document, request) =>
        {
            if (request.Query[Parameter] == Bearer)
                DescribedCredentials.LeaveBearerAlone(document);
        }));
        app.UseSwaggerUI(options =>
        {
            options.DocumentTitle = "JwtAuth";
            options.SwaggerEndpoint($"{Root}/v1/swagger.json?{Parameter}={Bearer}", "JwtAuth v1");
        });
    }
}
