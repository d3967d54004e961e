namespace JwtAuth.Server.Storage;

/// <summary>A key of ASP.NET Core's Data Protection, which protects signed cookies. It is sealed with the master key.</summary>
internal sealed class ProtectionKeyRow
{
    public required string Name { get; init; }

    public required byte[] Sealed { get; init; }
}
