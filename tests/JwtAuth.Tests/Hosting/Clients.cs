using System.Net;
using System.Text;
using JwtAuth.Server.Clients;

namespace JwtAuth.Tests.Hosting;

/// <summary>A client of the tests, and how it shows itself.</summary>
internal sealed record TestClient(string Id, string Secret)
{
    /// <summary>With <c>client_secret_basic</c> (RFC 6749 §2.3.1).</summary>
    public (string Name, string Value) Basic => BasicOf($"{WebUtility.UrlEncode(Id)}:{WebUtility.UrlEncode(Secret)}");

    public static (string Name, string Value) BasicOf(string credentials) =>
        ("Authorization", $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials))}");

    /// <summary>With <c>client_secret_post</c>.</summary>
    public FormUrlEncodedContent Post(string token) => Form(("token", token), ("client_id", Id), ("client_secret", Secret));

    public static FormUrlEncodedContent Form(params (string Name, string Value)[] fields) =>
        new(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));
}

internal static class Clients
{
    /// <summary>Configures a client with a secret of its own making.</summary>
    public static TestClient AddClient(this ServerHost host, string id, string audiences = "orders", string may = "introspect revoke")
    {
        (string secret, string atRest) = ClientSecret.Make();
        return host.AddClient(new TestClient(id, secret), atRest, audiences, may);
    }

    public static TestClient AddClient(
        this ServerHost host, TestClient client, string atRest, string audiences = "orders", string may = "introspect revoke")
    {
        host.With($"JwtAuth:Clients:{client.Id}:Secrets", atRest)
            .With($"JwtAuth:Clients:{client.Id}:Audiences", audiences).With($"JwtAuth:Clients:{client.Id}:May", may);
        return client;
    }

    public static Task<Reply> IntrospectAsync(
        this HttpClient http, TestClient client, string token, params (string Name, string Value)[] fields) =>
        http.AskAsync("POST", "/oauth/introspect", TestClient.Form([("token", token), .. fields]), client.Basic);

    public static Task<Reply> RevokeAsync(
        this HttpClient http, TestClient client, string token, params (string Name, string Value)[] fields) =>
        http.AskAsync("POST", "/oauth/revoke", TestClient.Form([("token", token), .. fields]), client.Basic);

    public static async Task<bool> IsActiveAsync(this HttpClient http, TestClient client, string token)
    {
        Reply reply = await http.IntrospectAsync(client, token);
        return reply.Status == 200 && reply.Json.GetProperty("active").GetBoolean();
    }

    public static async Task<int> StatusOfMeAsync(this HttpClient http, string token) =>
        (await http.AskAsync("GET", "/me", null, ("Authorization", $"Bearer {token}"))).Status;

    /// <summary>An error as RFC 6749 §5.2 has it, of which no cache keeps anything.</summary>
    public static void ShouldBeOAuthError(this Reply reply, int status, string error, string because = "")
    {
        reply.Status.Should().Be(status, because);
        reply.Header("Content-Type").Should().StartWith("application/json", because);
        reply.Header("Cache-Control").Should().Contain("no-store", because);
        reply.Json.GetProperty("error").GetString().Should().Be(error, because);
        reply.Json.EnumerateObject().Select(member => member.Name).Should().BeSubsetOf(["error", "error_description"], because);
    }
}
