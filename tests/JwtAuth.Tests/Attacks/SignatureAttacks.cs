namespace JwtAuth.Tests.Attacks;

/// <summary>Area SIG: signature and encoding.</summary>
internal static class SignatureAttacks
{
    public static IEnumerable<Attack> Cases =>
    [
    ];
}
