namespace JwtAuth.Tests.Planted.Above;

internal sealed class Planted_field
{
    private readonly List<Below.Planted_body?> below = [];

    public int Count => below.Count;
}

[AttributeUsage(AttributeTargets.Class)]
internal sealed class Mark : Attribute;
