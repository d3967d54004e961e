using JwtAuth.Server.Audit;

namespace JwtAuth.Server.Pipeline;

/// <summary>Tells the audit trail which request it is that something comes from.</summary>
internal sealed class AuditedRequests(RequestDelegate next, AuditOrigins origins)
{
    public Task InvokeAsync(HttpContext context)
    {
        origins.Current = new Origin(context);
        return next(context);
    }

    // Asked only if something is recorded, so a request that records nothing makes no texts.
    private sealed class Origin(HttpContext context) : AuditOrigin
    {
        public override string? Address => context.Connection.RemoteIpAddress?.ToString();

        public override string? RequestId => context.TraceIdentifier;

        public override AuditActor Unnamed => AuditActor.Anonymous;
    }
}
