using System.Security.Claims;
using JwtAuth.Bearer;
using JwtAuth.Bearer.Denials;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Sessions;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;

namespace JwtAuth.Server.Authentication;

/// <summary>
/// The two kinds of cookie. Both use ASP.NET Core's cookie authentication. The session's cookie is an opaque secret; its ticket is made
/// from the store at each use. The signed cookie is the ticket itself, protected by Data Protection; only the browser stores it.
/// </summary>
internal static class CookieCredentials
{
    private const string Secret = "secret";

    // The claim that names the database's history. A backup that is put back has another, so that no earlier cookie is good.
    private const string History = "history";

    private const string CookieOverHint = "The cookie is over, or none of this service's: "
        + "logged out, expired, ended with its account's logins, or changed on the way. Log in again.";

    // A browser keeps 4 KB of a cookie (RFC 6265 §6.1). This leaves room for the attributes.
    private const int LongestPair = 4096 - 64;

    public static AuthenticationBuilder AddCookieCredentials(this AuthenticationBuilder builder)
    {
        builder.Services.AddDataProtection().SetApplicationName("JwtAuth");
        builder.Services.AddSingleton<SessionTickets>();
        AddCookie(builder, Credentials.Session).Configure<OwnCookies, SessionTickets>((options, cookies, tickets) =>
        {
            options.Cookie.Name = cookies.Session;
            options.CookieManager = cookies;
            options.TicketDataFormat = tickets;
            options.SessionStore = tickets;
        });
        AddCookie(builder, Credentials.SignedCookie).Configure<OwnCookies>((options, cookies) =>
        {
            options.Cookie.Name = cookies.SignedCookie;
            options.CookieManager = cookies;
            options.Events.OnValidatePrincipal = ValidateAsync;
        });
        return builder;
    }

    /// <summary>Puts the secret of a new session into the response.</summary>
    public static Task WriteSessionAsync(this HttpContext context, string secret, DateTimeOffset expiresAt, bool isPersistent = true)
    {
        var properties = new AuthenticationProperties { IsPersistent = isPersistent, ExpiresUtc = expiresAt };
        properties.SetParameter(Secret, secret);
        return context.SignInAsync(Credentials.Session, new ClaimsPrincipal(new ClaimsIdentity(Credentials.Session)), properties);
    }

    /// <summary>Issues a signed cookie.</summary>
    /// <param name="context">The request.</param>
    /// <param name="account">The account it is for.</param>
    /// <param name="scopes">What the cookie allows.</param>
    /// <param name="isPersistent">Whether the browser keeps it when it is closed.</param>
    /// <param name="until">When the cookie that it replaces ends. If left out, it gets a lifetime of its own.</param>
    /// <returns>When it ends; <see langword="null"/> if it would be longer than a browser keeps. Then none is issued.</returns>
    public static async Task<DateTimeOffset?> WriteSignedAsync(
        this HttpContext context, AccountSnapshot account, IEnumerable<string> scopes, bool isPersistent = true,
        DateTimeOffset? until = null)
    {
        IServiceProvider services = context.RequestServices;
        DateTimeOffset now = services.GetRequiredService<TimeProvider>().GetUtcNow(), end = until
            ?? now + services.GetRequiredService<SignedCookieSettings>().Lifetime;
        // A ticket counts in whole seconds.
        var properties = new AuthenticationProperties
        {
            IsPersistent = isPersistent,
            IssuedUtc = now,
            ExpiresUtc = DateTimeOffset.FromUnixTimeSeconds(end.ToUnixTimeSeconds()),
        };
        Claim audience = new("aud", services.GetRequiredService<IssuerSettings>().Url);
        Claim history = new(History, services.GetRequiredService<DatabaseStart>().Identity);
        ClaimsPrincipal principal = AccountPrincipal.Of(
            Credentials.SignedCookie, account, scopes, properties.ExpiresUtc,
            [.. AccountPrincipal.Login(TokenIssuer.NewId(), account.Generation), audience, history]);

        CookieAuthenticationOptions options =
            services.GetRequiredService<IOptionsMonitor<CookieAuthenticationOptions>>().Get(Credentials.SignedCookie);
        int length = options.Cookie.Name!.Length
            + options.TicketDataFormat.Protect(new AuthenticationTicket(principal, properties, Credentials.SignedCookie)).Length;
        if (length > LongestPair)
            return null;
        await context.SignInAsync(Credentials.SignedCookie, principal, properties);
        return properties.ExpiresUtc;
    }

    private static OptionsBuilder<CookieAuthenticationOptions> AddCookie(AuthenticationBuilder builder, string scheme)
    {
        builder.AddCookie(scheme, options =>
        {
            options.SlidingExpiration = false; // the session in the store slides; a signed cookie does not
            options.Events.OnRedirectToLogin = RefuseAsync;
            options.ForwardForbid = Credentials.Bearer;
        });
        return builder.Services.AddOptions<CookieAuthenticationOptions>(scheme);
    }

    // The challenge is always "Bearer" (RFC 6750 §3), because there is none that asks a browser for a cookie.
    private static Task RefuseAsync(RedirectContext<CookieAuthenticationOptions> context)
    {
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        context.Response.Headers.WWWAuthenticate = Credentials.Bearer;
        return context.HttpContext.RequestServices.GetRequiredService<IHostEnvironment>().IsDevelopment()
            ? RefusalReason.WriteAsync(
                context.Response, ErrorCode.TokenRequired.Code, "cookie_over", CookieOverHint, "The cookie was refused.")
            : Task.CompletedTask;
    }

    // The store keeps nothing of a signed cookie, but the cookie carries the generation of its account. If denials are held in memory, they
    // tell whether it is still good. Otherwise the store is asked.
    private static async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        IServiceProvider services = context.HttpContext.RequestServices;
        bool stands = services.GetRequiredService<SignedCookieSettings>().Enabled
            // At the exact end, the handler would still accept it.
            && context.Properties.ExpiresUtc > services.GetRequiredService<TimeProvider>().GetUtcNow()
            && context.Principal!.FindFirst(History)?.Value == services.GetRequiredService<DatabaseStart>().Identity
            && Caller.Of(context.Principal!) is { } caller
            && (services.GetService<IDenialSource>()?.Denylist is { IsComplete: true } denylist
                ? !denylist.Denies(new TokenIdentifiers(caller.Subject, jwtId: "", caller.SessionId, caller.Generation, keyId: ""))
                : await services.GetRequiredService<Standing>().HoldsAsync(caller));
        if (!stands)
            context.RejectPrincipal();
    }

    /// <summary>
    /// Makes the ticket of a session's cookie from the store at each use, so that it says what holds now. The handler would put its key
    /// into a ticket. Here the cookie is just the key.
    /// </summary>
    private sealed class SessionTickets(IssuerSettings issuer) : ITicketStore, ISecureDataFormat<AuthenticationTicket>
    {
        // The claim in which the handler keeps the key.
        private const string KeyClaim = "Microsoft.AspNetCore.Authentication.Cookies-SessionId";

        public async Task<AuthenticationTicket?> RetrieveAsync(string key, HttpContext httpContext, CancellationToken cancellationToken)
        {
            if (SessionSecret.HashOf(key) is not { } hash
                || await httpContext.RequestServices.GetRequiredService<SessionUses>()
                .UseAsync(hash, httpContext.Device()) is not var (session, account, endsAt))
            {
                return null;
            }
            Claim audience = new("aud", issuer.Url);
            return new AuthenticationTicket(
                AccountPrincipal.Of(
                    Credentials.Session, account, ScopeGrant.OfRefresh(requested: null, session.Scope, account.Roles, issuer), endsAt,
                    [.. AccountPrincipal.Login(session.SessionId, session.Generation), audience, new Claim(Caller.SessionClaim, "")]),
                Credentials.Session);
        }

        // The login has already begun the session, in the transaction that checked its account.
        public Task<string> StoreAsync(AuthenticationTicket ticket) => Task.FromResult(ticket.Properties.GetParameter<string>(Secret)!);

        public string Protect(AuthenticationTicket data) => data.Principal.FindFirst(KeyClaim)!.Value;

        public AuthenticationTicket? Unprotect(string? protectedText) => protectedText is null ? null
            : new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity([new Claim(KeyClaim, protectedText)])), Credentials.Session);

        public string Protect(AuthenticationTicket data, string? purpose) => Protect(data);

        public AuthenticationTicket? Unprotect(string? protectedText, string? purpose) => Unprotect(protectedText);

        // The handler need not do any of this: sessions are renewed by their use, ended by the same code as everything else, and found with
        // the request at hand.
        public Task RenewAsync(string key, AuthenticationTicket ticket) => Task.CompletedTask;

        public Task RemoveAsync(string key) => Task.CompletedTask;

        public Task<AuthenticationTicket?> RetrieveAsync(string key) => throw new NotSupportedException();
    }
}
