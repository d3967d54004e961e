using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;

namespace JwtAuth.Benchmarks;

/// <summary><c>crowd</c>: how long a login takes while one network, or one account, keeps bcrypt busy.</summary>
internal static class CrowdVerb
{
    private const string Password = "a quiet harbour at dawn", Victim = "198.51.100.7";

    // Whoever is refused comes again after so long, without regard to what it was told.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public static Command Create()
    {
        var logins = new Option<int>("--logins") { Description = "Of the victim, one after the other", DefaultValueFactory = _ => 20 };
        var verb = new Command("crowd",
            """
            Logs somebody in at the service, at the default work factor, again and again: while nobody else is there; while 125 connections
            from random /64s of one IPv6 /48 try random names; and while 70 connections from one IPv4 address log in to one account with
            its right password. What is measured is the time until the login has succeeded, however often it was refused before. The
            addresses are forwarded through a trusted proxy, and the crowd comes from this machine. Exits 1 when the median with a crowd is
            more than twice the median without.
            """)
        {
            logins,
        };
        verb.SetAction((parsed, stopping) => RunAsync(parsed.GetValue(logins), stopping));
        return verb;
    }

    private static async Task<int> RunAsync(int logins, CancellationToken stopping)
    {
        await using ServiceProcess service = await ServiceProcess.StartAsync("JwtAuth.Server", [], "health/ready", address => new()
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["JwtAuth:Issuer"] = address,
            ["JwtAuth:Audiences:0"] = LoopbackIssuer.Audience,
            ["JwtAuth:Proxy:TrustedNetworks:0"] = "127.0.0.1",
        });
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = service.Address };
        foreach (string name in (string[])["victim", "alice"])
        {
            using HttpResponseMessage made =
                await client.PostAsJsonAsync("auth/register", new { username = name, password = Password }, stopping);
            made.EnsureSuccessStatusCode();
        }

        double[] idle = await VictimAsync(client, logins, stopping);
        var findings = new Findings("a login, ms", "half of them", "the slowest", "half of them, in times of idle");
        Add("nobody else", idle);
        Want("125 connections from random /64s of one /48", await AmongAsync(125, () => LogInAsync(
            client, $"2001:db8:bad:{Random.Shared.Next(0x10000):x}::1", $"name-{Random.Shared.Next():x}", "a guess", stopping)));
        Want("70 connections of one account, with its password", await AmongAsync(
            70, () => LogInAsync(client, "192.0.2.1", "alice", Password, stopping)));
        return findings.Publish(directory: null);

        async Task<double[]> AmongAsync(int connections, Func<Task<HttpStatusCode>> attack)
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            Task[] crowd = [.. Enumerable.Range(0, connections).Select(async _ =>
            {
                while (!over.IsCancellationRequested)
                {
                    if (await attack() is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)
                        await Task.Delay(Pause, stopping);
                }
            })];
            await Task.Delay(TimeSpan.FromSeconds(1), stopping);
            double[] times = await VictimAsync(client, logins, stopping);
            await over.CancelAsync();
            await Task.WhenAll(crowd);
            return times;
        }

        void Want(string what, double[] times)
        {
            Add(what, times);
            double ratio = Half(times) / Half(idle);
            findings.Want(what, "2 times idle at most", Findings.Text(ratio), ratio <= 2);
        }

        void Add(string what, double[] times) =>
            findings.Add(what, Findings.Text(Half(times)), Findings.Text(times[^1]), Findings.Text(Half(times) / Half(idle)));
    }

    private static async Task<double[]> VictimAsync(HttpClient client, int logins, CancellationToken stopping)
    {
        List<double> times = [];
        for (int number = 0; number < logins; number++)
        {
            long start = Stopwatch.GetTimestamp();
            while (await LogInAsync(client, Victim, "victim", Password, stopping) != HttpStatusCode.OK)
                await Task.Delay(Pause, stopping);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        return [.. times.Order()];
    }

    private static async Task<HttpStatusCode> LogInAsync(
        HttpClient client, string address, string username, string password, CancellationToken stopping)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "auth/login");
        request.Content = JsonContent.Create(new { username, password });
        request.Headers.Add("X-Forwarded-For", address);
        using HttpResponseMessage reply = await client.SendAsync(request, stopping);
        return reply.StatusCode;
    }

    private static double Half(double[] ordered) => ordered[ordered.Length / 2];
}
