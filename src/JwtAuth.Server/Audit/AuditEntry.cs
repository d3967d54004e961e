namespace JwtAuth.Server.Audit;

/// <summary>Who did it.</summary>
/// <param name="Kind">`account`, `client`, `command_line`, `service`, or `anonymous` where nobody has proved who it was.</param>
/// <param name="Id">The account's <c>sub</c> or the client's identifier.</param>
internal sealed record AuditActor(string Kind, string? Id = null)
{
    /// <summary>Whoever runs a command of this program on its database.</summary>
    public static readonly AuditActor CommandLine = new("command_line");

    /// <summary>The service itself, as when it rotates its keys.</summary>
    public static readonly AuditActor Service = new("service");

    /// <summary>A request that proves nothing.</summary>
    public static readonly AuditActor Anonymous = new("anonymous");

    public static AuditActor Account(string subject) => new("account", subject);

    public static AuditActor Client(string id) => new("client", id);
}

/// <summary>Something to record. Where it comes from is added when it is.</summary>
/// <param name="Event">What happened.</param>
internal sealed record AuditEntry(AuditEvent Event)
{
    /// <summary>Who did it; whoever stands behind the origin, if it is left out.</summary>
    public AuditActor? Actor { get; init; }

    /// <summary>The account that it is about.</summary>
    public string? Subject { get; init; }

    /// <summary>What of it: a session, a token's identifier, a role, a key, a client. Never a secret, never what anybody typed.</summary>
    public string? Object { get; init; }

    public AuditDetail? Detail { get; init; }

    /// <summary>How many of the same it stands for.</summary>
    public long Count { get; init; } = 1;
}
