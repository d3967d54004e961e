using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;

namespace OpenIddictServer;

/// <summary>Keys that outlast the process, in files.</summary>
internal static class Keys
{
    public static RsaSecurityKey Signing(string directory)
    {
        string path = Path.Combine(directory, "signing.pem");
        var rsa = RSA.Create(2048);
        if (File.Exists(path))
            rsa.ImportFromPem(File.ReadAllText(path));
        else
            File.WriteAllText(path, rsa.ExportPkcs8PrivateKeyPem());
        return new RsaSecurityKey(rsa) { KeyId = "signing" };
    }

    public static SymmetricSecurityKey Encryption(string directory)
    {
        string path = Path.Combine(directory, "encryption.key");
        if (!File.Exists(path))
            File.WriteAllBytes(path, RandomNumberGenerator.GetBytes(32));
        return new SymmetricSecurityKey(File.ReadAllBytes(path));
    }
}
