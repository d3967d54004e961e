namespace JwtAuth.Server.Audit;

/// <summary>Where what is recorded comes from.</summary>
internal abstract class AuditOrigin
{
    /// <summary>The network address; <see langword="null"/> for what comes from no network.</summary>
    public abstract string? Address { get; }

    /// <summary>The request, as the log names it.</summary>
    public abstract string? RequestId { get; }

    /// <summary>Who did it, where nobody is named.</summary>
    public abstract AuditActor Unnamed { get; }
}

/// <summary>What happens in this process without a request.</summary>
internal sealed class ProcessOrigin(AuditActor actor) : AuditOrigin
{
    public override string? Address => null;

    public override string? RequestId => null;

    public override AuditActor Unnamed => actor;
}

/// <summary>
/// The origin of what is going on, wherever in the program it is recorded. A request sets it, and a command; without either, it is the
/// service itself.
/// </summary>
internal sealed class AuditOrigins
{
    private static readonly AuditOrigin Service = new ProcessOrigin(AuditActor.Service);

    private readonly AsyncLocal<AuditOrigin?> current = new();

    /// <summary>The present origin. Set, it holds for what the caller does from then on.</summary>
    public AuditOrigin Current
    {
        get => current.Value ?? Service;
        set => current.Value = value;
    }
}
