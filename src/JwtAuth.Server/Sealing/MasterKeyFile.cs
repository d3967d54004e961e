using System.Security.Cryptography;
using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.Sealing;

/// <summary>The master key in the data directory, in Development only: base64, in a file that only its owner may read.</summary>
internal static class MasterKeyFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The key from <c>master.key</c>. Only one process at a time may call it; the start of the database sees to that.</summary>
    /// <param name="dataDirectory">Where the file is.</param>
    /// <param name="mayMake">Whether a missing key may be made, because nothing was sealed yet.</param>
    /// <exception cref="ConfigurationFaultException">
    /// The file is missing though it was used before, others can read it, or it is cut short or has another format. It is never replaced.
    /// </exception>
    public static MasterKey Read(string dataDirectory, bool mayMake)
    {
        string path = Path.Combine(dataDirectory, "master.key");
        if (!File.Exists(path))
        {
            if (!mayMake)
                throw new ConfigurationFaultException($"JwtAuth:MasterKey: the file {path} is missing, "
                    + "and the database was sealed with it; restore it from your backup, or remove the database to begin anew.");
            Make(path);
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~OwnerOnly) != 0)
            throw new ConfigurationFaultException(
                $"JwtAuth:MasterKey: the file {path} can be read by others; run chmod 600 on it, and change the key if others had access.");
        byte[] key = new byte[32];
        if (!Convert.TryFromBase64String(File.ReadAllText(path).Trim(), key, out int length) || length != key.Length)
            throw new ConfigurationFaultException($"JwtAuth:MasterKey: the file {path} does not hold 32 bytes in base64; "
                + "restore it from your backup, or remove it together with the database to begin anew.");
        return new MasterKey(key);
    }

    private static void Make(string path)
    {
        string draft = $"{path}.{Guid.NewGuid():N}";
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using (var stream = new FileStream(draft, options))
        {
            stream.Write(System.Text.Encoding.ASCII.GetBytes(Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) + "\n"));
            stream.Flush(flushToDisk: true);
        }

        // The file is renamed once it is complete. So a process that is killed earlier leaves no half key.
        File.Move(draft, path, overwrite: false);
    }
}
