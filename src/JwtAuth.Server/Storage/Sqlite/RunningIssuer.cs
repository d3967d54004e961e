using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.Storage.Sqlite;

/// <summary>
/// Says in a file beside the database which issuer the running processes are. Several processes of one issuer may share a database. Those
/// of two would share accounts, keys and sessions, and each would refuse the other's tokens.
/// </summary>
internal static class RunningIssuer
{
    /// <summary>Call it where only one process at a time can be.</summary>
    /// <returns>To be held as long as the process runs; the system lets go of it when the process dies, however it dies.</returns>
    /// <exception cref="ConfigurationFaultException">A process of another issuer is running.</exception>
    public static FileStream Enter(string path, string issuer)
    {
        try
        {
            // Nobody else holds it, so what it says is of the past.
            using FileStream alone = PrivateFiles.Open(path, FileShare.None);
            alone.SetLength(0);
            alone.Write(System.Text.Encoding.ASCII.GetBytes(issuer));
            alone.Flush();
        }
        catch (IOException) when (File.Exists(path))
        {
            string other = File.ReadAllText(path);
            if (other != issuer)
                throw new ConfigurationFaultException($"JwtAuth:Issuer is {issuer}, and a process whose issuer is {other} is using this "
                    + "database; give each issuer a JwtAuth:DataDirectory of its own, or stop the other process.");
        }
        return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
    }
}
