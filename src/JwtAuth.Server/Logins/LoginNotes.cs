using JwtAuth.Server.Audit;

namespace JwtAuth.Server.Logins;

/// <summary>What the audit trail is told of logins that store nothing. One that begins a session is recorded with the session.</summary>
internal static class LoginNotes
{
    public static AuditEntry Succeeded(string subject, AuditDetail how) =>
        new(AuditEvent.LoginSucceeded) { Actor = AuditActor.Account(subject), Subject = subject, Detail = how };

    public static AuditEntry Refused(AuditDetail why) => new(AuditEvent.LoginRefused) { Actor = AuditActor.Anonymous, Detail = why };
}
