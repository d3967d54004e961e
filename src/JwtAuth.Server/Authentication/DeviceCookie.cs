using System.Globalization;
using System.Security.Cryptography;
using JwtAuth.Server.AccessTokens;
using Microsoft.AspNetCore.DataProtection;

namespace JwtAuth.Server.Authentication;

/// <summary>
/// The cookie by which a browser is known again in which an account's owner has logged in. It opens nothing. While strangers guess at the
/// account, it lets its owner try the password from a network that is not known yet. Only the browser stores it.
/// </summary>
internal sealed class DeviceCookie(OwnCookies cookies, IDataProtectionProvider protection, TimeProvider time)
{
    /// <summary>How long a browser is known after the last login in it.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    // A younger one is not replaced, so that a login from a known browser need not write it.
    private static readonly TimeSpan RenewedAfter = TimeSpan.FromDays(1);

    private readonly IDataProtector protector = protection.CreateProtector("device");

    /// <summary>
    /// Identifies the browser, if the request's cookie says that the owner of this account has logged in there. Otherwise
    /// <see langword="null"/>: there is none, it is over, or it is for another account.
    /// </summary>
    public string? IdFor(HttpRequest request, string username) => Read(request, username)?.Id;

    /// <summary>
    /// Makes a browser known after a login in it. Only a page of ours, or of an allowed origin, has a browser that will send it again.
    /// </summary>
    public void Write(HttpContext context, string username)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (!cookies.HasOwnOrigin(context.Request)
            || (Read(context.Request, username) is { } former && former.ExpiresAt - now > Lifetime - RenewedAfter))
        {
            return;
        }
        DateTimeOffset expiresAt = now + Lifetime;
        string text = string.Create(
            CultureInfo.InvariantCulture, $"{expiresAt.ToUnixTimeSeconds()} {TokenIssuer.NewId()} {username.ToUpperInvariant()}");
        cookies.Write(context.Response, cookies.Device, protector.Protect(text), "/", expiresAt);
    }

    private (string Id, DateTimeOffset ExpiresAt)? Read(HttpRequest request, string username)
    {
        if (OwnCookies.Read(request, cookies.Device) is not { Length: > 0 and < 1024 } value)
            return null;
        string account = username.ToUpperInvariant();
        try
        {
            return protector.Unprotect(value).Split(' ') is [var expiry, var id, var name]
                && name == account
                && DateTimeOffset.FromUnixTimeSeconds(long.Parse(expiry, CultureInfo.InvariantCulture)) is var expiresAt
                && expiresAt > time.GetUtcNow()
                    ? (id, expiresAt)
                    : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
