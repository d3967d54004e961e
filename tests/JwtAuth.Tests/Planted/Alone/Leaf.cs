namespace JwtAuth.Tests.Planted.Alone;

/// <summary>Refers to nothing, and is in no table.</summary>
internal sealed class Leaf;
