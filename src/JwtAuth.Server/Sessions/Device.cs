namespace JwtAuth.Server.Sessions;

/// <summary>Where a login or a refresh comes from, in terms that a person may recognise.</summary>
/// <param name="Address">The network address.</param>
/// <param name="Agent">What the client says of itself, cut to length and without control characters.</param>
internal sealed record Device(string Address, string Agent)
{
    private const int LongestAgent = 256;

    public static Device Of(System.Net.IPAddress? address, string? agent) => new(
        address?.ToString() ?? "unknown",
        string.Concat((agent ?? "").Where(character => character is >= ' ' and <= '~').Take(LongestAgent)));
}
