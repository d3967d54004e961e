using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace JwtAuth.Benchmarks;

/// <summary><c>lane</c>: whether people are served while one account asks for far too much.</summary>
internal static class LaneVerb
{
    private const string Logout = "a logout", Disabling = "an administrator's disabling", Login = "a login with a session",
        Flood = "a call of the flood", Password = "a quiet harbour at dawn";

    private static readonly string[] People = [Logout, Disabling, Login, Flood];
    private static readonly TimeSpan HeadStart = TimeSpan.FromMilliseconds(100);

    public static Command Create()
    {
        // Each makes three accounts, of the sixty that a network may make.
        var rounds = new Option<int>("--rounds") { Description = "How many floods of each kind", DefaultValueFactory = _ => 8 };
        var calls = new Option<int>("--calls") { Description = "Calls of one account at once", DefaultValueFactory = _ => 700 };
        var verb = new Command("lane",
            """
            One account sends 700 calls at once, at a service in a process of its own: revocations of a token that does not exist, or
            logouts of all others. A tenth of a second later somebody logs out, an administrator disables an account, and somebody logs in.
            Tells how each was answered and when, counted from its sending. Exits 1 when one was refused.
            """)
        {
            rounds, calls,
        };
        verb.SetAction((parsed, stopping) => RunAsync(parsed.GetValue(rounds), parsed.GetValue(calls), stopping));
        return verb;
    }

    private static async Task<int> RunAsync(int rounds, int calls, CancellationToken stopping)
    {
        string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
        await using ServiceProcess service = await ServiceProcess.StartAsync("JwtAuth.Server", [], "health/ready", address => new()
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["JwtAuth:Issuer"] = address,
            ["JwtAuth:Audiences:0"] = LoopbackIssuer.Audience,
            ["JwtAuth:Passwords:WorkFactor"] = "10",
            ["JwtAuth:AccessTokens:Lifetime"] = "01:00:00",
            ["JwtAuth:DataDirectory"] = directory,
        });
        using var client = new HttpClient { BaseAddress = service.Address, Timeout = TimeSpan.FromMinutes(2) };
        string issuer = service.Address.GetLeftPart(UriPartial.Authority);
        string root = await BeginAsync(client, "root", issuer, stopping);
        MakeAdministrator(directory, "ROOT");

        var findings = new Findings(
            $"{rounds:N0} floods of {calls:N0} calls by one account", "served", "refused", "half of them, ms", "all, ms");
        foreach ((string flood, string path, object? body) in ((string, string, object?)[])
        [
            ("revocations of nothing", "auth/revoke", new { token = "jpat_misspelt" }),
            ("logouts of all others", "auth/logout/others", null),
        ])
        {
            var seen = People.ToDictionary(who => who, _ => new List<(HttpStatusCode Status, double Milliseconds)>());
            for (int round = 0; round < rounds; round++)
            {
                string name = $"{path.Length}-{round}";
                string flooder = await BeginAsync(client, $"mallory{name}", issuer, stopping);
                string leaving = await BeginAsync(client, $"alice{name}", issuer, stopping);
                string bob = SubjectOf(await BeginAsync(client, $"bob{name}", issuer, stopping));
                await Task.WhenAll(Enumerable.Range(0, calls).Select(_ => client.GetAsync("health/live", stopping))); // all connected

                Task<HttpStatusCode>[] flooding =
                    [.. Enumerable.Range(0, calls).Select(_ => AskAsync(client, path, body, flooder, stopping))];
                await Task.Delay(HeadStart, stopping);
                await Task.WhenAll(
                    NoteAsync(Logout, () => AskAsync(client, "auth/logout", body: null, leaving, stopping)),
                    NoteAsync(Disabling, () => AskAsync(client, $"admin/users/{bob}/disable", null, root, stopping)),
                    NoteAsync(Login, () => AskAsync(
                        client, "auth/login", new { username = $"alice{name}", password = Password, scope = "offline_access" },
                        bearer: null, stopping)));
                foreach (HttpStatusCode status in await Task.WhenAll(flooding))
                    seen[Flood].Add((status, 0));
            }
            foreach (string who in People)
                Tell(findings, flood, who, seen[who]);

            async Task NoteAsync(string who, Func<Task<HttpStatusCode>> ask)
            {
                long sentAt = Stopwatch.GetTimestamp();
                HttpStatusCode status = await ask();
                seen[who].Add((status, Stopwatch.GetElapsedTime(sentAt).TotalMilliseconds)); // each has a list of its own
            }
        }
        SqliteConnection.ClearAllPools();
        return findings.Publish(directory: null);
    }

    private static void Tell(Findings findings, string flood, string who, List<(HttpStatusCode Status, double Milliseconds)> answers)
    {
        int served = answers.Count(answer => (int)answer.Status < 300);
        double[] ordered = [.. answers.Select(answer => answer.Milliseconds).Order()];
        bool isFlood = who == Flood;
        findings.Add($"{flood}: {who}", $"{served:N0}", $"{answers.Count - served:N0}",
            isFlood ? "" : Findings.Text(ordered[ordered.Length / 2]), isFlood ? "" : Findings.Text(ordered[^1]));
        if (!isFlood)
            findings.Want($"{flood}: {who}, refused", "none", $"{answers.Count - served:N0}", served == answers.Count);
    }

    private static async Task<string> BeginAsync(HttpClient client, string username, string issuer, CancellationToken stopping)
    {
        (await client.PostAsJsonAsync("auth/register", new { username, password = Password }, stopping)).EnsureSuccessStatusCode();
        using HttpResponseMessage login =
            await client.PostAsJsonAsync("auth/login", new { username, password = Password, audience = issuer }, stopping);
        JsonElement reply = await login.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>(stopping);
        return reply.GetProperty("access_token").GetString()!;
    }

    private static string SubjectOf(string token) => JsonDocument.Parse(
        System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1])).RootElement.GetProperty("sub").GetString()!;

    private static async Task<HttpStatusCode> AskAsync(
        HttpClient client, string path, object? body, string? bearer, CancellationToken stopping)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = body is null ? null : JsonContent.Create(body) };
        if (bearer is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        using HttpResponseMessage reply = await client.SendAsync(request, stopping);
        return reply.StatusCode;
    }

    private static void MakeAdministrator(string directory, string normalizedName)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(directory, "jwtauth.db")}");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText =
            """
            INSERT INTO AspNetRoles (Id, Name, NormalizedName) VALUES ('admin', 'admin', 'ADMIN');
            INSERT INTO AspNetUserRoles (UserId, RoleId) SELECT Id, 'admin' FROM AspNetUsers WHERE NormalizedUserName = $name;
            """;
        command.Parameters.AddWithValue("$name", normalizedName);
        command.ExecuteNonQuery();
    }
}
