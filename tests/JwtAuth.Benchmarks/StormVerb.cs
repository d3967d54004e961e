using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using JwtAuth.Server.Passwords;

namespace JwtAuth.Benchmarks;

/// <summary><c>storm</c>: what everybody logging in at once does to logins, and to checks of tokens beside them.</summary>
internal static class StormVerb
{
    private const string Password = "a quiet harbour at dawn";

    // Who is refused comes again after so long, without regard to what it was told.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public static Command Create()
    {
        var seconds = new Option<int>("--seconds") { Description = "How long each part lasts", DefaultValueFactory = _ => 10 };
        var people = new Option<int>("--people") { Description = "Who log in again and again", DefaultValueFactory = _ => 150 };
        var verb = new Command("storm",
            """
            Has people log in without a pause at the service, each to an account and from a network of their own, at the default work
            factor and with the default queue, while one connection asks /me with a token. Tells how many logins that makes of what bcrypt
            alone makes on this machine, how long the checks take beside them in times of idle, and after how long the excess is refused.
            The load takes its share of the same processors.
            """)
        {
            seconds, people,
        };
        verb.SetAction((parsed, stopping) =>
            RunAsync(TimeSpan.FromSeconds(parsed.GetValue(seconds)), parsed.GetValue(people), stopping));
        return verb;
    }

    private static async Task<int> RunAsync(TimeSpan duration, int people, CancellationToken stopping)
    {
        await using ServiceProcess service = await ServiceProcess.StartAsync("JwtAuth.Server", [], "health/ready", address => new()
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["JwtAuth:Issuer"] = address,
            ["JwtAuth:Audiences:0"] = LoopbackIssuer.Audience,
            ["JwtAuth:Passwords:MaxQueueWait"] = "00:01:00", // whoever waits is served, so that every refusal is of the excess
            ["JwtAuth:Proxy:TrustedNetworks:0"] = "127.0.0.1",
            ["JwtAuth:AccessTokens:Lifetime"] = "01:00:00",
        });
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false })
        {
            BaseAddress = service.Address,
            Timeout = TimeSpan.FromMinutes(2),
        };
        for (int person = 0; person < people; person++)
        {
            using HttpResponseMessage made = await AskAsync(client, person, "auth/register", stopping);
            made.EnsureSuccessStatusCode();
        }
        using HttpResponseMessage login =
            await AskAsync(client, 0, "auth/login", stopping, audience: service.Address.GetLeftPart(UriPartial.Authority));
        string token = (await login.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>(stopping))
            .GetProperty("access_token").GetString()!;

        HashingCost alone = await Calibration.MeasureAsync(12, Environment.ProcessorCount, duration / 2, TimeProvider.System);
        await CheckAsync(client, token, duration / 5, stopping); // warm
        double[] idle = await CheckAsync(client, token, duration, stopping);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Task<List<(HttpStatusCode Status, double Milliseconds)>>[] storm =
            [.. Enumerable.Range(0, people).Select(person => LogInAsync(client, person, over.Token))];
        await Task.Delay(TimeSpan.FromSeconds(1), stopping);
        long begunAt = Stopwatch.GetTimestamp();
        double[] beside = await CheckAsync(client, token, duration, stopping);
        await over.CancelAsync();
        double taken = Stopwatch.GetElapsedTime(begunAt).TotalSeconds + 1;
        var answers = (await Task.WhenAll(storm)).SelectMany(own => own).ToList();
        double[] refused = [.. answers.Where(answer => answer.Status != HttpStatusCode.OK).Select(answer => answer.Milliseconds).Order()];
        double logins = answers.Count(answer => answer.Status == HttpStatusCode.OK) / taken;

        var findings = new Findings($"{people} people who log in", "each second", "half of them, ms", "99 of 100, ms");
        findings.Add("bcrypt alone", Findings.Text(alone.LoginsPerSecond), Findings.Text(alone.Alone.TotalMilliseconds), "");
        findings.Add("logins", Findings.Text(logins), "", "");
        findings.Add(
            "refused", Findings.Text(refused.Length / taken), Findings.Text(At(0.5, refused)), Findings.Text(At(0.99, refused)));
        findings.Add("checks of a token, nobody else there", Findings.Text(idle.Length / duration.TotalSeconds),
            Findings.Text(At(0.5, idle)), Findings.Text(At(0.99, idle)));
        findings.Add("checks of a token, beside the logins", Findings.Text(beside.Length / duration.TotalSeconds),
            Findings.Text(At(0.5, beside)), Findings.Text(At(0.99, beside)));
        double ofBcrypt = logins / alone.LoginsPerSecond, ofIdle = At(0.99, beside) / At(0.99, idle);
        findings.Want("logins, of what bcrypt alone makes", "0.95 at least", Findings.Text(ofBcrypt), ofBcrypt >= 0.95);
        findings.Want("99 of 100 checks, in times of idle", "3 at most", Findings.Text(ofIdle), ofIdle <= 3);
        findings.Want("99 of 100 refusals", "100 ms at most", $"{Findings.Text(At(0.99, refused))} ms", At(0.99, refused) <= 100);
        return findings.Publish(directory: null);
    }

    private static async Task<double[]> CheckAsync(HttpClient client, string token, TimeSpan duration, CancellationToken stopping)
    {
        List<double> times = [];
        long begunAt = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begunAt) < duration)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "me");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            long sentAt = Stopwatch.GetTimestamp();
            using HttpResponseMessage reply = await client.SendAsync(request, stopping);
            times.Add(Stopwatch.GetElapsedTime(sentAt).TotalMilliseconds);
            reply.EnsureSuccessStatusCode();
        }
        return [.. times.Order()];
    }

    private static async Task<List<(HttpStatusCode Status, double Milliseconds)>> LogInAsync(
        HttpClient client, int person, CancellationToken over)
    {
        List<(HttpStatusCode Status, double Milliseconds)> answers = [];
        try
        {
            while (!over.IsCancellationRequested)
            {
                long sentAt = Stopwatch.GetTimestamp();
                using HttpResponseMessage reply = await AskAsync(client, person, "auth/login", over);
                answers.Add((reply.StatusCode, Stopwatch.GetElapsedTime(sentAt).TotalMilliseconds));
                if (reply.StatusCode != HttpStatusCode.OK)
                    await Task.Delay(Pause, over);
            }
        }
        catch (OperationCanceledException)
        {
            // It is over.
        }
        return answers;
    }

    private static async Task<HttpResponseMessage> AskAsync(
        HttpClient client, int person, string path, CancellationToken stopping, string? audience = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Content = path == "auth/register"
            ? JsonContent.Create(new { username = $"person{person}", password = Password })
            : JsonContent.Create(new { username = $"person{person}", password = Password, audience });
        request.Headers.Add("X-Forwarded-For", $"10.{person / 250}.{person % 250}.7");
        return await client.SendAsync(request, stopping);
    }

    // Nobody may have been refused.
    private static double At(double share, double[] ordered) => ordered.Length == 0 ? 0 : Spread.At(share, ordered);
}
