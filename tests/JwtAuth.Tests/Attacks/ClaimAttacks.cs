namespace JwtAuth.Tests.Attacks;

/// <summary>Area CLM: claims.</summary>
internal static class ClaimAttacks
{
    public static IEnumerable<Attack> Cases =>
    [
    ];
}
