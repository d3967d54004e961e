using System.Globalization;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Observability;

namespace JwtAuth.Server.Pipeline;

/// <summary>
/// What people and their browsers find without being told: <c>/</c>, which says what this is; <c>security.txt</c> (RFC 9116); and where a
/// password can be changed (W3C, A Well-Known URL for Changing Passwords).
/// </summary>
internal static class PublicPages
{
    private const string SecurityTxt = "/.well-known/security.txt";

    public static void MapPublicPages(this WebApplication app)
    {
        PublicPageSettings settings = app.Services.GetRequiredService<PublicPageSettings>();
        TimeProvider time = app.Services.GetRequiredService<TimeProvider>();
        string issuer = app.Services.GetRequiredService<IssuerSettings>().Url;
        PageLink[] links =
        [
            .. app.Services.GetServices<PageLink>(),
            new("/.well-known/oauth-authorization-server", "Metadata", "for clients (RFC 8414)"),
            new("/.well-known/jwks.json", "Public keys", "by which APIs check its tokens (RFC 7517)"),
        ];
        if (settings.Contacts.Count > 0)
            links = [.. links, new(SecurityTxt, "security.txt", "whom to tell of a weakness")];
        if (settings.Contacts.Count > 0 && IsOver())
            app.Logger.SecurityTxtExpired($"{settings.ExpiresAt:u}");

        Map("/", context => HtmlPages.WriteAsync(
            context, "An auth service",
            [
                $"This is JwtAuth at {issuer}. "
                    + "It checks passwords, and issues and ends the tokens by which applications and APIs know people.",
                "There is nothing to log in to on this page: people log in at the applications that use it.",
            ],
            links));
        Map("/.well-known/change-password", context =>
        {
            if (settings.ChangePassword is { } page)
                context.Response.Redirect(page);
            else
                context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
        Map(SecurityTxt, context =>
        {
            if (settings.Contacts.Count > 0 && !IsOver())
                return WriteAsync(context.Response, settings, issuer);
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });

        bool IsOver() => settings.ExpiresAt <= time.GetUtcNow();

        void Map(string path, RequestDelegate answer) => app.MapMethods(path, Reading.Methods.HttpMethods, answer).AllowAnonymous();
    }

    private static Task WriteAsync(HttpResponse response, PublicPageSettings settings, string issuer)
    {
        response.ContentType = "text/plain; charset=utf-8";
        response.Headers.CacheControl = "public, max-age=3600";
        string[] lines =
        [
            .. settings.Contacts.Select(contact => $"Contact: {contact}"),
            $"Expires: {settings.ExpiresAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}",
            $"Canonical: {issuer}{SecurityTxt}",
            .. settings.Policy is { } policy ? [$"Policy: {policy}"] : Array.Empty<string>(),
        ];
        return response.WriteAsync(string.Concat(lines.Select(line => $"{line}\n")));
    }
}
