namespace JwtAuth.Server.Commands;

/// <summary>Shows how far a copy has come: a bar that grows on a terminal, and a line for each table elsewhere.</summary>
internal static class CopyProgress
{
    private const int Width = 30;

    public static void Show(string table, long done, long total)
    {
        int filled = total == 0 ? Width : (int)(Width * Math.Min(done, total) / total);
        string line = $"{table,-24} [{new string('#', filled)}{new string('.', Width - filled)}] {done}/{total}";
        if (Console.IsErrorRedirected)
        {
            if (done >= total)
                Console.Error.WriteLine(line);
            return;
        }
        Console.Error.Write($"\r{line}{(done >= total ? Environment.NewLine : "")}");
    }
}
