using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using JwtAuth.Server.Clients;

namespace JwtAuth.Benchmarks;

/// <summary><c>logout</c>: how long a token is still good at an API after its owner has logged out.</summary>
internal static class LogoutVerb
{
    private static readonly object Credentials = new { username = "alice", password = "a quiet harbour at dawn" };

    public static Command Create()
    {
        var logouts = new Option<int>("--logouts") { Description = "How many, one after the other", DefaultValueFactory = _ => 1_000 };
        Option<DirectoryInfo?> pictures = ReportVerb.PicturesOption();
        var verb = new Command("logout",
            """
            Logs in at the service, asks the sample API, which is given the answer 200, logs out and asks the API again and again until it
            refuses: the time from the logout's answer, and from its sending. Service and API are processes of their own, and the API
            hears of it by the feed. Exits 1 when the 99th percentile from the answer on is 100 ms or more.
            """)
        {
            logouts, pictures,
        };
        verb.SetAction((parsed, stopping) => RunAsync(parsed.GetValue(logouts), parsed.GetValue(pictures), stopping));
        return verb;
    }

    private static async Task<int> RunAsync(int logouts, DirectoryInfo? pictures, CancellationToken stopping)
    {
        (string secret, string atRest) = ClientSecret.Make();
        await using ServiceProcess service = await ServiceProcess.StartAsync("JwtAuth.Server", [], "health/ready", address => new()
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["JwtAuth:Issuer"] = address,
            ["JwtAuth:Audiences:0"] = LoopbackIssuer.Audience,
            ["JwtAuth:Passwords:WorkFactor"] = "10",
            ["JwtAuth:Clients:orders-api:Secrets:0"] = atRest,
            ["JwtAuth:Clients:orders-api:Audiences:0"] = LoopbackIssuer.Audience,
            ["JwtAuth:Clients:orders-api:May"] = "denials",
        });
        await using ServiceProcess api = await ServiceProcess.StartAsync("JwtAuth.SampleApi", [], "health", _ => new()
        {
            ["JwtAuth:Authority"] = service.Address.GetLeftPart(UriPartial.Authority),
            ["JwtAuth:Audience"] = LoopbackIssuer.Audience,
            ["JwtAuth:Denials"] = "Feed",
            ["JwtAuth:ClientId"] = "orders-api",
            ["JwtAuth:ClientSecret"] = secret,
        });
        using var atService = new HttpClient { BaseAddress = service.Address };
        using var atApi = new HttpClient { BaseAddress = api.Address };
        (await atService.PostAsJsonAsync("auth/register", Credentials, stopping)).EnsureSuccessStatusCode();

        List<TimeSpan> sinceAnswer = [], sinceSending = [];
        int deadAtOnce = 0;
        for (int number = 0; number < logouts; number++)
        {
            (TimeSpan answer, TimeSpan sending, int accepted) = await LogOutAsync(atService, atApi, stopping);
            sinceAnswer.Add(answer);
            sinceSending.Add(sending);
            deadAtOnce += accepted == 0 ? 1 : 0;
        }
        return Tell(sinceAnswer, sinceSending, deadAtOnce).Publish(pictures);
    }

    private static async Task<(TimeSpan SinceAnswer, TimeSpan SinceSending, int Accepted)> LogOutAsync(
        HttpClient service, HttpClient api, CancellationToken stopping)
    {
        using HttpResponseMessage login = await service.PostAsJsonAsync("auth/login", Credentials, stopping);
        JsonElement reply = await login.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>(stopping);
        var bearer = new AuthenticationHeaderValue("Bearer", reply.GetProperty("access_token").GetString());
        if (await AskAsync(HttpMethod.Get, api, "orders", bearer, stopping) is not HttpStatusCode.OK and var refused)
            throw new InvalidOperationException($"a live token was answered by {(int)refused}");

        long sentAt = Stopwatch.GetTimestamp();
        if (await AskAsync(HttpMethod.Post, service, "auth/logout", bearer, stopping) is not HttpStatusCode.OK and var status)
            throw new InvalidOperationException($"a logout was answered by {(int)status}");
        long answeredAt = Stopwatch.GetTimestamp();
        for (int accepted = 0; ; accepted++)
        {
            HttpStatusCode answer = await AskAsync(HttpMethod.Get, api, "orders", bearer, stopping);
            if (answer == HttpStatusCode.Unauthorized)
                return (Stopwatch.GetElapsedTime(answeredAt), Stopwatch.GetElapsedTime(sentAt), accepted);
            if (answer != HttpStatusCode.OK || Stopwatch.GetElapsedTime(answeredAt) > TimeSpan.FromSeconds(30))
                throw new InvalidOperationException($"after a logout the API answers {(int)answer}");
        }
    }

    private static async Task<HttpStatusCode> AskAsync(
        HttpMethod method, HttpClient client, string path, AuthenticationHeaderValue bearer, CancellationToken stopping)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Authorization = bearer;
        using HttpResponseMessage reply = await client.SendAsync(request, stopping);
        return reply.StatusCode;
    }

    private static Findings Tell(List<TimeSpan> sinceAnswer, List<TimeSpan> sinceSending, int deadAtOnce)
    {
        var findings = new Findings($"{sinceAnswer.Count:N0} logouts, from …", "half of them, ms", "99 of 100, ms", "all, ms");
        List<BarGroup> groups = [];
        foreach ((string from, List<TimeSpan> times, double? wanted)
            in ((string, List<TimeSpan>, double?)[])[("the answer to the logout", sinceAnswer, 100), ("its sending", sinceSending, null)])
        {
            double[] ordered = [.. times.Select(time => time.TotalMilliseconds).Order()];
            double half = Spread.At(0.5, ordered), most = Spread.At(0.99, ordered);
            findings.Add($"{from} to the API's 401", Findings.Text(half), Findings.Text(most), Findings.Text(ordered[^1]));
            if (wanted is { } bound)
                findings.Want($"99 of 100, from {from}", $"under {bound} ms", $"{Findings.Text(most)} ms", most < bound);
            groups.Add(new BarGroup(
                $"From {from}", [new Bar("half of them", Exactly(half), true), new Bar("99 of 100", Exactly(most), true, wanted)]));
        }
        findings.Add("refused when first asked", $"{deadAtOnce:N0} of {sinceAnswer.Count:N0}", "", "");
        findings.Draw(new Picture("logout.svg", "From a logout to the refusal at an API, ms", " ms", groups));
        return findings;

        static Spread Exactly(double value) => new(value, value, value);
    }
}
