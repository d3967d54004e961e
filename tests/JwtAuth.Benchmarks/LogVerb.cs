using System.CommandLine;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace JwtAuth.Benchmarks;

/// <summary><c>log</c>: how many bytes of log a refusal costs that costs its sender nothing.</summary>
internal static class LogVerb
{
    // The rest of a minute is told when it is over.
    private static readonly TimeSpan AMinute = TimeSpan.FromSeconds(61), LookEvery = TimeSpan.FromMilliseconds(200);

    private const int AtOnce = 16;

    public static Command Create()
    {
        var requests = new Option<int>("--requests") { Description = "Requests of each kind", DefaultValueFactory = _ => 10_000 };
        var verb = new Command("log",
            """
            Sends requests that are refused to a service in a process of its own, with the settings of Production, each kind from one
            address, and counts what it writes to standard output: at once, and when the minute is over. Exits 1 when a request costs ten
            bytes.
            """)
        {
            requests,
        };
        verb.SetAction((parsed, stopping) => RunAsync(parsed.GetValue(requests), stopping));
        return verb;
    }

    private static async Task<int> RunAsync(int requests, CancellationToken stopping)
    {
        string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
        await using ServiceProcess service = await ServiceProcess.StartAsync("JwtAuth.Server", [], "health/ready", _ => new()
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["JwtAuth:Issuer"] = "https://auth.example.com",
            ["JwtAuth:Audiences:0"] = LoopbackIssuer.Audience,
            ["JwtAuth:MasterKey"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            ["JwtAuth:Proxy:TrustedNetworks:0"] = "127.0.0.1",
            ["JwtAuth:DataDirectory"] = directory,
        }, countsLog: true);
        using var client = new HttpClient { BaseAddress = service.Address };

        var findings = new Findings($"{requests:N0} requests of each kind", "answered", "bytes of log", "for each request");
        long before = service.LoggedBytes;
        (string Kind, Func<HttpRequestMessage> Make)[] kinds =
        [
            ("no token", () => new(HttpMethod.Get, "me")),
            ("a bad token", () => new(HttpMethod.Get, "me") { Headers = { Authorization = new("Bearer", "eyJhbGciOiJub25lIn0.e30.") } }),
            ("an unknown name", () => Login("""{"username":"nobody","password":"a quiet harbour at dawn"}""")),
            ("malformed JSON", () => Login("""{"username":""")),
        ];
        foreach (((string kind, Func<HttpRequestMessage> make), int index) in kinds.Select((kind, index) => (kind, index)))
        {
            long begun = service.LoggedBytes;
            string answered = await SendAsync(client, make, $"192.0.2.{index + 1}", requests, stopping);
            Tell(kind, answered, await SettledAsync(service, stopping) - begun, requests);
        }
        await Task.Delay(AMinute, stopping);
        long all = await SettledAsync(service, stopping) - before;
        double each = Tell("all of them, a minute later", "", all, kinds.Length * requests);
        findings.Want("bytes for each request", "below 10", Findings.Text(each), each < 10);
        return findings.Publish(directory: null);

        double Tell(string kind, string answered, long bytes, int count)
        {
            double each = (double)bytes / count;
            findings.Add(kind, answered, $"{bytes:N0}", Findings.Text(each));
            return each;
        }
    }

    private static HttpRequestMessage Login(string body) => new(HttpMethod.Post, "auth/login")
    {
        Content = new StringContent(body, Encoding.UTF8, "application/json"),
    };

    private static async Task<string> SendAsync(
        HttpClient client, Func<HttpRequestMessage> make, string address, int requests, CancellationToken stopping)
    {
        int[] answers = new int[1000];
        await Parallel.ForAsync(0, requests, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stopping },
            async (_, cancellation) =>
            {
                using HttpRequestMessage request = make();
                request.Headers.Add("X-Forwarded-For", address);
                request.Headers.Add("X-Forwarded-Proto", "https");
                using HttpResponseMessage reply = await client.SendAsync(request, cancellation);
                Interlocked.Increment(ref answers[(int)reply.StatusCode]);
            });
        return string.Join(", ", answers.Select((count, status) => (count, status)).Where(answer => answer.count > 0)
            .Select(answer => $"{answer.count:N0} {(HttpStatusCode)answer.status:d}"));
    }

    // What was logged is written by a thread of its own.
    private static async Task<long> SettledAsync(ServiceProcess service, CancellationToken stopping)
    {
        long bytes;
        do
        {
            bytes = service.LoggedBytes;
            await Task.Delay(LookEvery, stopping);
        }
        while (service.LoggedBytes > bytes);
        return bytes;
    }
}
