namespace JwtAuth.Tests.Attacks;

/// <summary>One token with one thing wrong.</summary>
/// <param name="Row">The catalogue's row.</param>
/// <param name="Name">What is wrong with it.</param>
/// <param name="Token">Makes it.</param>
/// <param name="IsAccepted">True for what only looks wrong.</param>
internal sealed record Attack(string Row, string Name, Func<Forge, string> Token, bool IsAccepted = false)
{
    public string Title => $"{Row} {Name}";

    /// <summary>Every attack by token, through the validator and through HTTP alike.</summary>
    public static IReadOnlyList<Attack> All { get; } = [.. AlgorithmAttacks.Cases, .. SignatureAttacks.Cases, .. JsonAttacks.Cases, .. ClaimAttacks.Cases];
}
