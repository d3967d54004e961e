using System.Globalization;
using JwtAuth.Tests.Hosting;
using Microsoft.Data.Sqlite;

namespace JwtAuth.Tests.Faults;

/// <summary>JWTAUTH_KILLS=200 is the full count; JWTAUTH_SEED repeats what the clients do.</summary>
public sealed class RevocationKilledTests(ITestOutputHelper output)
{
    private const string Issuer = "http://localhost:5080";
    private const int Clients = 8;

    private static readonly int Kills = Number("JWTAUTH_KILLS") ?? 6;
    private static readonly int Seed = Number("JWTAUTH_SEED") ?? Random.Shared.Next(1_000_000);

    [Fact]
    [Trait("row", "REF-05")]
    [Trait("row", "REV-11")]
    public async Task What_was_acknowledged_as_ended_or_rotated_before_the_process_was_killed_is_so_afterwards()
    {
        output.WriteLine($"JWTAUTH_SEED={Seed}");
        string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
        var random = new Random(Seed);
        RecordingClient[] recorders = [.. Enumerable.Range(0, Clients)
            .Select(number => new RecordingClient($"user-{number}", Issuer, new Random(Seed + 1 + number)))];
        try
        {
            for (int kills = 0; kills <= Kills; kills++)
            {
                // Under both kinds of window, each followed by both.
                bool hasWindow = kills % 4 >= 2;
                if (kills > 0)
                    ForgetAttempts(directory);
                await using ServerProcess server = await ServerProcess.StartAsync(directory, SettingsOf(hasWindow));
                using HttpClient client = new() { BaseAddress = server.Address };
                if (!TestedStore.IsPostgres)
                    IntegrityOf(directory).Should().Equal("ok");
                if (kills == 0)
                    await Task.WhenAll(recorders.Select(recorder => recorder.RegisterAsync(client)));
                await Task.WhenAll(recorders.Select(recorder => recorder.ExamineAsync(client, hasWindow, wholly: kills == Kills)));
                if (kills < Kills)
                    await KillAmidAsync(server, recorders.Select(recorder =>
                        (Func<Action, Action, Task>)((begun, acknowledged) => recorder.WorkAsync(client, begun, acknowledged))), random);
                server.StandardOutput.Should().NotContain("A request failed");
                if (kills % 20 == 19)
                    Tell(kills + 1, recorders);
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }

        Tell(Kills, recorders).Keys.Should().Contain(
            ["login", "refresh", "logout", "in doubt", "present tokens taken", "used tokens refused", "ended sessions refused"]);
    }

    private Dictionary<string, int> Tell(int kills, RecordingClient[] recorders)
    {
        Dictionary<string, int> counts = recorders.SelectMany(recorder => recorder.Counts)
            .GroupBy(count => count.Key).ToDictionary(kind => kind.Key, kind => kind.Sum(count => count.Value));
        output.WriteLine(
            $"kills {kills}; {string.Join("; ", counts.OrderBy(count => count.Key).Select(count => $"{count.Key} {count.Value}"))}");
        return counts;
    }

    // At the moment when so many requests have been begun, or acknowledged: the other clients are wherever they are.
    private static async Task KillAmidAsync(ServerProcess server, IEnumerable<Func<Action, Action, Task>> works, Random random)
    {
        int left = random.Next(10, 80);
        bool atBeginning = random.Next(2) == 0;
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Pass()
        {
            if (Interlocked.Decrement(ref left) == 0)
                reached.SetResult();
        }
        void Ignore()
        {
        }

        Task[] working = [.. works.Select(work => Task.Run(() => work(atBeginning ? Pass : Ignore, atBeginning ? Ignore : Pass)))];
        Task first = await Task.WhenAny([reached.Task, .. working]);
        server.Kill();
        await Task.WhenAll(working);
        first.Should().Be(reached.Task, "nobody but this test ends the process");
        (await server.WaitForExitAsync()).Should().Be(137, "128 + SIGKILL");
    }

    private static Dictionary<string, string> SettingsOf(bool hasWindow) => new()
    {
        ["JwtAuth:Issuer"] = Issuer,
        ["JwtAuth:SigningKeys:Algorithm"] = "ES256",
        ["JwtAuth:AccessTokens:Lifetime"] = "01:00:00",
        ["JwtAuth:RefreshTokens:ReuseWindow"] = hasWindow ? "00:01:00" : "00:00:00",
        ["JwtAuth:Passwords:WorkFactor"] = "10",
        ["JwtAuth:Passwords:QueueLimit"] = "1000",
        ["JwtAuth:Passwords:MaxQueueWait"] = "00:01:00",
    };

    // A login that was being made at the kill counts as an attempt that failed. Nobody but this test has five of them within seconds.
    private static void ForgetAttempts(string directory)
    {
        using var database = new DatabaseFile(directory);
        database.Execute("DELETE FROM Attempts");
    }

    // What foreign_key_check finds would follow the one row of integrity_check.
    private static List<string> IntegrityOf(string directory)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(directory, "jwtauth.db")};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "PRAGMA integrity_check; PRAGMA foreign_key_check";
        using SqliteDataReader reader = command.ExecuteReader();
        List<string> rows = [];
        do
        {
            while (reader.Read())
                rows.Add(reader.GetString(0));
        }
        while (reader.NextResult());
        return rows;
    }

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
