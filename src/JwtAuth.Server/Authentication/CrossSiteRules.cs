using JwtAuth.Server.Errors;

namespace JwtAuth.Server.Authentication;

/// <summary>
/// Refuses a change that a cookie would authorize and that no page of ours asks for (CSRF): a browser sends cookies by itself, whoever
/// asks. <c>SameSite</c> keeps other sites away; this keeps away their neighbours on the same site as well.
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
