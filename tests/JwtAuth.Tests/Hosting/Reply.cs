using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace JwtAuth.Tests.Hosting;

/// <summary>A reply, read to its end.</summary>
internal sealed record Reply(int Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    /// <summary>The problem document's code.</summary>
    public string? Code => Header("Content-Type").StartsWith("application/problem+json", StringComparison.Ordinal)
        ? Json.GetProperty("code").GetString()
        : null;

    public string Header(string name) => Headers.GetValueOrDefault(name, "");

    /// <summary>Everything of it but the date.</summary>
    public string Bytes => $"{Status}\n{string.Join('\n', HeadersButTheDate)}\n\n{Body}";

    private IEnumerable<string> HeadersButTheDate => Headers.Where(header => header.Key != "Date")
        .OrderBy(header => header.Key).Select(header => $"{header.Key}: {header.Value}");
}

internal static class Asking
{
    /// <summary>Sends a request: a text as the JSON that it is, content as it is, any other object as JSON.</summary>
    public static async Task<Reply> AskAsync(
        this HttpClient client, string method, string path, object? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = body switch
        {
            null => null,
            HttpContent content => content,
            string text => new StringContent(text, Encoding.UTF8, "application/json"),
            _ => JsonContent.Create(body),
        };
        foreach ((string name, string value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
                request.Content!.Headers.TryAddWithoutValidation(name, value);
        }

        using HttpResponseMessage reply = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return new Reply(
            (int)reply.StatusCode,
            reply.Headers.NonValidated.Concat(reply.Content.Headers.NonValidated)
                .ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public static Task<Reply> LoginAsync(this HttpClient client, string username, string password) =>
        client.AskAsync("POST", "/auth/login", new { username, password });

    public static Task<Reply> RegisterAsync(this HttpClient client, string username, string password = ServerHost.Password) =>
        client.AskAsync("POST", "/auth/register", new { username, password });
}
