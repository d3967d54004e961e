namespace JwtAuth.Tests.Attacks;

/// <summary>Area JSN: JSON parsing.</summary>
internal static class JsonAttacks
{
    public static IEnumerable<Attack> Cases =>
    [
    ];
}
