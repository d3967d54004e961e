namespace JwtAuth.Tests.Planted.Below;

internal sealed class Planted_body
{
    public static object Make() => new Above.Planted_field().Count;
}
