using System.Globalization;
using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.Storage;

/// <summary>
/// A file that says how far the log of denials had come. It lies beside the database, or in the data directory where the database is no
/// file of this machine. A backup that is put in the database's place is behind it, and is noticed by that. Each line has the identity of a
/// history and the highest number of its log; the last line is the present one.
/// </summary>
internal sealed class HistoryFile(DatabaseStart database, Engine engine, PreparedReads reads)
{
    private const int MostHistories = 100;

    private readonly string path = engine.HistoryPath;

    /// <summary>Called at the start of the service.</summary>
    /// <exception cref="ConfigurationFaultException">The database is older than what this service has written to it.</exception>
    public async Task CheckAsync()
    {
        List<(string Identity, long Number)> known = await ReadAsync();
        int index = known.FindIndex(line => line.Identity == database.Identity);
        if (index >= 0 && (index < known.Count - 1 || known[index].Number > await engine.HighestDenialAsync()))
            throw new ConfigurationFaultException($"The database {engine.Place} is older than what was written to it before: "
                + "a backup was put in its place; run the command: storage restored.");
    }

    /// <summary>Writes down how far the log has come.</summary>
    public async Task WriteAsync()
    {
        await database.LookAsync(reads); // a command may have begun another one a moment ago
        List<(string Identity, long Number)> known = await ReadAsync();
        (string, long) present = (database.Identity, await engine.HighestDenialAsync());
        if (known is [.., var last] && last == present)
            return;
        known.RemoveAll(line => line.Identity == database.Identity);
        string draft = $"{path}.{Guid.NewGuid():N}";
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using (var writer = new StreamWriter(draft, options))
        {
            foreach ((string identity, long number) in known.Append(present).TakeLast(MostHistories))
                await writer.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{identity} {number}"));
        }
        File.Move(draft, path, overwrite: true);
    }

    private async Task<List<(string Identity, long Number)>> ReadAsync()
    {
        if (!File.Exists(path))
            return [];
        List<(string, long)> known = [];
        foreach (string line in await File.ReadAllLinesAsync(path))
        {
            if (line.Split(' ') is [var identity, var number]
                && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long highest))
            {
                known.Add((identity, highest));
            }
        }
        return known;
    }
}
