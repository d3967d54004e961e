using System.Net;
using JwtAuth.Bearer.Keys;

namespace JwtAuth.Tests.Attacks;

/// <summary>One token with one thing wrong.</summary>
/// <param name="Row">The catalogue's row.</param>
/// <param name="Name">What is wrong with it.</param>
/// <param name="Token">Makes it.</param>
/// <param name="IsAccepted">True for what only looks wrong.</param>
/// <param name="Only">The algorithm that it can be made for, where it is not every one.</param>
/// <param name="Http">What HTTP answers by itself, before there is a token to refuse; 401 means that it finds none.</param>
internal sealed record Attack(
    string Row, string Name, Func<Forge, string> Token, bool IsAccepted = false, SignatureAlgorithm? Only = null,
    HttpStatusCode? Http = null)
{
    public string Title => $"{Row} {Name}";

    /// <summary>What <c>GET /me</c> answers.</summary>
    public (HttpStatusCode Status, string Challenge) Reply => (IsAccepted, Http) switch
    {
        (true, _) => (HttpStatusCode.OK, ""),
        (_, null) => (HttpStatusCode.Unauthorized, "Bearer error=\"invalid_token\""),
        (_, HttpStatusCode.Unauthorized) => (HttpStatusCode.Unauthorized, "Bearer"),
        (_, { } status) => (status, ""),
    };

    /// <summary>Every attack by token, through the validator and through HTTP alike.</summary>
    public static IReadOnlyList<Attack> All { get; } = [.. AlgorithmAttacks.Cases, .. SignatureAttacks.Cases, .. JsonAttacks.Cases,
        .. ClaimAttacks.Cases];
}
