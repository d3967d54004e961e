using JwtAuth.Server.Errors;

namespace JwtAuth.Server.Authentication;

/// <summary>
/// Refuses a change that is authorized by a cookie but not requested by a page of ours (CSRF). A browser sends cookies by itself, whichever
/// page asks. <c>SameSite</c> keeps changes by other sites out. This also keeps out other origins on the same site.
/// </summary>
internal sealed class CrossSiteRules(RequestDelegate next, OwnCookies cookies)
{
    public Task InvokeAsync(HttpContext context)
    {
        bool isByCookie = context.User.Identity?.AuthenticationType is Credentials.Session or Credentials.SignedCookie;
        bool onlyReads = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
        return !isByCookie || onlyReads || cookies.IsAskedByOurs(context.Request)
            ? next(context)
            : Problems.WriteAsync(
                context, ErrorCode.Forbidden, "With a cookie, an Origin is needed that is this service's or one of JwtAuth:Cors:Origins.");
    }
}
