using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Benchmarks;

/// <summary><c>sweep</c>: how long writers wait while expired rows are deleted.</summary>
internal static class SweepVerb
{
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var rows =
            new Option<int>("--rows") { Description = "Sessions, of which half have expired", DefaultValueFactory = _ => 500_000 };
        var writers = new Option<int>("--writers") { Description = "Who refresh, each again and again", DefaultValueFactory = _ => 8 };
        var verb = new Command("sweep",
            """
            Fills the store with sessions of which half have expired, has people refresh theirs over HTTP again and again, first in calm and
            then while what is expired is deleted, and tells how long they waited. Exits 1 when one was refused.
            """)
        {
            rows, writers,
        };
        verb.SetAction((parsed, stopping) => RunAsync(parsed.GetValue(rows), parsed.GetValue(writers), stopping));
        return verb;
    }

    private static async Task<int> RunAsync(int rows, int writers, CancellationToken stopping)
    {
        await using LoopbackIssuer issuer = await LoopbackIssuer.StartAsync(SignatureAlgorithm.ES256);
        using var client = new HttpClient { BaseAddress = new Uri(issuer.Url), Timeout = TimeSpan.FromMinutes(2) };
        var account = new { username = "alice", password = "a quiet harbour at dawn" };
        (await client.PostAsJsonAsync("auth/register", account, stopping)).EnsureSuccessStatusCode();
        string[] tokens = new string[writers];
        for (int writer = 0; writer < writers; writer++)
        {
            using HttpResponseMessage login = await client.PostAsJsonAsync(
                "auth/login", new { account.username, account.password, scope = "offline_access" }, stopping);
            tokens[writer] = await NextAsync(login, stopping);
        }

        var findings = new Findings($"{writers} who refresh, {rows:N0} sessions", "refreshes", "refused", "half of them, ms",
            "99 of 100, ms", "longest, ms", "seconds");
        await MeasureAsync("in calm", () => Task.Delay(Calm, stopping));
        await issuer.AskAsync(db => FillAsync(db, rows));
        await MeasureAsync("while they are deleted", issuer.DeleteExpiredAsync);
        int left = await issuer.AskAsync(db => db.Sessions.CountAsync());
        findings.Want("sessions that are left", $"{(rows - (rows / 2)) + writers:N0}", $"{left:N0}", left == (rows - (rows / 2)) + writers);
        return findings.Publish(directory: null);

        async Task MeasureAsync(string when, Func<Task> meanwhile)
        {
            using var over = new CancellationTokenSource();
            Task<List<(HttpStatusCode Status, double Milliseconds)>>[] refreshing =
                [.. Enumerable.Range(0, writers).Select(writer => RefreshAsync(client, tokens, writer, over.Token))];
            long begunAt = Stopwatch.GetTimestamp();
            await meanwhile();
            double seconds = Stopwatch.GetElapsedTime(begunAt).TotalSeconds;
            await over.CancelAsync();
            var answers = (await Task.WhenAll(refreshing)).SelectMany(own => own).ToList();
            double[] ordered = [.. answers.Select(answer => answer.Milliseconds).Order()];
            int refused = answers.Count(answer => answer.Status != HttpStatusCode.OK);
            findings.Add(when, $"{answers.Count:N0}", $"{refused:N0}", Findings.Text(ordered[ordered.Length / 2]),
                Findings.Text(Spread.At(0.99, ordered)), Findings.Text(ordered[^1]), Findings.Text(seconds));
            findings.Want($"{when}: refused", "none", $"{refused:N0}", refused == 0);
        }
    }

    private static async Task<List<(HttpStatusCode Status, double Milliseconds)>> RefreshAsync(
        HttpClient client, string[] tokens, int writer, CancellationToken over)
    {
        List<(HttpStatusCode, double)> answers = [];
        while (!over.IsCancellationRequested)
        {
            long sentAt = Stopwatch.GetTimestamp();
            using HttpResponseMessage reply =
                await client.PostAsJsonAsync("auth/refresh", new { refresh_token = tokens[writer] }, CancellationToken.None);
            answers.Add((reply.StatusCode, Stopwatch.GetElapsedTime(sentAt).TotalMilliseconds));
            if (reply.StatusCode == HttpStatusCode.OK)
                tokens[writer] = await NextAsync(reply, CancellationToken.None);
        }
        return answers;
    }

    private static async Task<string> NextAsync(HttpResponseMessage reply, CancellationToken stopping) =>
        (await reply.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>(stopping)).GetProperty("refresh_token").GetString()!;

    // Every other one lives. The others are cookies, or idle for too long, or at their absolute end.
    private static async Task<int> FillAsync(Db db, int rows)
    {
        db.Database.SetCommandTimeout(TimeSpan.FromMinutes(5));
        long longAgo = DateTimeOffset.UtcNow.AddDays(-60).ToUnixTimeMilliseconds();
        long lately = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), ahead = DateTimeOffset.UtcNow.AddDays(30).ToUnixTimeMilliseconds();
        return await db.Database.ExecuteSqlAsync(
            $"""
            WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < {rows})
            INSERT INTO Sessions (SessionId, Subject, Generation, Audience, CookieHash, Scope, Counter, CreatedAt, RotatedAt, ExpiresAt,
                TokensUntil, Address, Agent)
            SELECT lower(hex(randomblob(11))), (SELECT Id FROM AspNetUsers LIMIT 1), 0, 'orders', iif(number % 6 = 0, randomblob(32), NULL),
                'orders:read offline_access', 1, {longAgo}, iif(number % 6 IN (0, 2), {longAgo}, {lately}),
                iif(number % 6 = 4, {longAgo}, {ahead}),
                {longAgo}, '203.0.113.195', 'Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0.0.0 Safari/537.36'
            FROM numbers
            """);
    }
}
