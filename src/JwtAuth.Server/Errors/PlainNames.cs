using System.Buffers;

namespace JwtAuth.Server.Errors;

/// <summary>
/// Which names of members and parameters an error may repeat: those that could be meant as one. Anything else may be a secret that slipped
/// into the place of a name.
/// </summary>
internal static class PlainNames
{
    private const int Longest = 32;

    private static readonly SearchValues<char> Characters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    public static bool Include(string? name) => name is { Length: > 0 and <= Longest } && !name.AsSpan().ContainsAnyExcept(Characters);
}
