using System.Runtime.Versioning;
using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.Storage;

/// <summary>
/// The database's files and their directory, which are for this user alone: others must not read password hashes, nor put another file in
/// place of one. (Windows has no modes; the directory's own permissions do it there.)
/// </summary>
internal static class PrivateFiles
{
    private const UnixFileMode OwnFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnDirectory = OwnFile | UnixFileMode.UserExecute;
    private const UnixFileMode OfOthers = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private static readonly string[] Beside = ["-wal", "-shm", "-journal", ".start.lock", ".issuer"];

    public static void MakeDirectory(string directory)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(directory);
        else
            Directory.CreateDirectory(directory, OwnDirectory);
    }

    /// <summary>Opens a file to read and write it. A file that is made is private, and SQLite gives its mode to those beside it.</summary>
    public static FileStream Open(string path, FileShare share)
    {
        FileStreamOptions options = new() { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = share };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnFile;
        return new FileStream(path, options);
    }

    /// <summary>
    /// Makes the files private that are not, a copy that was put back most likely; and the directory, if nothing but our own files is in
    /// it.
    /// </summary>
    /// <returns>What was open to others.</returns>
    /// <exception cref="ConfigurationFaultException">
    /// A file belongs to another user; or everybody may write to the directory, and it is not ours to change.
    /// </exception>
    public static IReadOnlyList<string> Mend(string dataDirectory, string database)
    {
        if (OperatingSystem.IsWindows())
            return [];
        List<string> mended = [];
        foreach (string directory in new[] { dataDirectory, Path.GetDirectoryName(database)! }.Distinct())
        {
            if (IsOursAlone(directory, database) && TryMend(directory, mended))
                continue;
            if ((File.GetUnixFileMode(directory) & UnixFileMode.OtherWrite) != 0)
                throw new ConfigurationFaultException($"JwtAuth:DataDirectory: everybody may write to {directory}, and so exchange the "
                    + "database; run chmod o-w on it, or name a directory below it, which the service makes for itself.");
        }
        foreach (string path in Beside.Select(end => database + end).Prepend(database).Where(File.Exists))
        {
            if (!TryMend(path, mended))
                throw new ConfigurationFaultException($"JwtAuth:DataDirectory: {path} is open to others and belongs to another user; "
                    + "run chown and chmod 600 on it.");
        }
        return mended;
    }

    // False if it is another user's.
    [UnsupportedOSPlatform("windows")]
    private static bool TryMend(string path, List<string> mended)
    {
        UnixFileMode mode = File.GetUnixFileMode(path);
        if ((mode & OfOthers) == 0)
            return true;
        try
        {
            File.SetUnixFileMode(path, mode & ~OfOthers);
            mended.Add(path);
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool IsOursAlone(string directory, string database) => Directory.EnumerateFileSystemEntries(directory).All(entry =>
        entry.StartsWith(database, StringComparison.Ordinal) || Path.GetFileName(entry).StartsWith("master.key", StringComparison.Ordinal));
}
