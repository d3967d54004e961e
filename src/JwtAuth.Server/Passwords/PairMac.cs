using System.Security.Cryptography;
using System.Text;

namespace JwtAuth.Server.Passwords;

/// <summary>
/// Tells pairs of name and password apart without keeping either: by a MAC with a key that this process makes and never shows.
/// </summary>
internal sealed class PairMac
{
    private readonly byte[] key = RandomNumberGenerator.GetBytes(32);

    /// <summary>The MAC of a pair. The name's length comes first, so that no two pairs give the same bytes.</summary>
    /// <param name="name">The name, normalized.</param>
    /// <param name="password">The password.</param>
    public string Of(string name, Password password)
    {
        byte[] nameBytes = Encoding.UTF8.GetBytes(name), secret = Encoding.UTF8.GetBytes(password.AsSent ?? password.Reveal());
        byte[] pair = [.. BitConverter.GetBytes(nameBytes.Length), .. nameBytes, .. secret];
        string mac = Convert.ToBase64String(HMACSHA256.HashData(key, pair));
        CryptographicOperations.ZeroMemory(secret);
        CryptographicOperations.ZeroMemory(pair);
        return mac;
    }
}
