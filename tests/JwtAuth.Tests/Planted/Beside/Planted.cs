namespace JwtAuth.Tests.Planted.Beside;

[Above.Mark]
internal sealed class Planted_attribute
{
    public static object Make() => Below.Planted_body.Make();
}
