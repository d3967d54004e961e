using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace JwtAuth.Benchmarks;

/// <summary>A person with one credential of each kind, each as the header line that brings it.</summary>
internal sealed class HeldCredentials
{
    public const string AccessToken = "access token", Session = "session cookie", SignedCookie = "signed cookie",
        PersonalAccessToken = "personal access token", Basic = "HTTP Basic", RefreshToken = "refresh token";

    public static readonly string[] Kinds = [AccessToken, Session, SignedCookie, PersonalAccessToken, Basic];

    private const string Password = "a quiet harbour at dawn";

    private readonly Dictionary<string, string> lines;

    private HeldCredentials(Dictionary<string, string> lines) => this.lines = lines;

    /// <summary>What a request has to carry: the name of the header, the colon, the value and the end of the line.</summary>
    public string this[string kind] => lines[kind];

    /// <summary>Registers and logs in, once for each kind.</summary>
    public static async Task<HeldCredentials> GetAsync(HttpClient service, string username, string issuer, CancellationToken stopping)
    {
        (await service.PostAsJsonAsync("auth/register", new { username, password = Password }, stopping)).EnsureSuccessStatusCode();
        string account =
            await TokenAsync("auth/login", new { username, password = Password, audience = issuer }, "access_token", bearer: null);
        string access =
            await TokenAsync("auth/login", new { username, password = Password, scope = "orders:read" }, "access_token", bearer: null);
        string personal = await TokenAsync("auth/tokens", new { name = "benchmark", scope = "orders:read" }, "token", account);
        return new HeldCredentials(new()
        {
            [AccessToken] = $"Authorization: Bearer {access}\r\n",
            [Session] = await CookieAsync("session"),
            [SignedCookie] = await CookieAsync("signed_cookie"),
            [PersonalAccessToken] = $"Authorization: Bearer {personal}\r\n",
            [Basic] = $"Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{username}:{Password}"))}\r\n",
        });

        async Task<string> CookieAsync(string credential)
        {
            using HttpResponseMessage reply =
                await SendAsync("auth/login", new { username, password = Password, scope = "orders:read", credential }, bearer: null);
            return $"Cookie: {reply.Headers.GetValues("Set-Cookie").Single().Split(';')[0]}\r\n";
        }

        async Task<string> TokenAsync(string path, object body, string member, string? bearer)
        {
            using HttpResponseMessage reply = await SendAsync(path, body, bearer);
            return (await reply.Content.ReadFromJsonAsync<JsonElement>(stopping)).GetProperty(member).GetString()!;
        }

        async Task<HttpResponseMessage> SendAsync(string path, object body, string? bearer)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
            if (bearer is not null)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
            return (await service.SendAsync(request, stopping)).EnsureSuccessStatusCode();
        }
    }
}
