using System.Text.Json;
using JwtAuth.Server.Audit;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Audit;

/// <summary>A record of the trail, as an administrator reads it.</summary>
internal sealed record AuditRecord(JsonElement Json)
{
    public long Number => Json.GetProperty("number").GetInt64();

    public long Count => Json.GetProperty("count").GetInt64();

    public string Event => Text("event")!;

    public string Actor => Text("actor") is { } id ? $"{Text("actor_kind")} {id}" : Text("actor_kind")!;

    public string Head => $"{Number}:{Text("mac")}";

    /// <summary>What was done, to whom, and what of it.</summary>
    public (string Event, string Actor, string? Subject, string? Object, string? Detail) What =>
        (Event, Actor, Text("subject"), Text("object"), Text("detail"));

    public string? Text(string name) => Json.GetProperty(name).GetString();
}

internal static class AuditCalls
{
    /// <summary>All records that there are now, page by page, also those that were only noted until now.</summary>
    public static async Task<List<AuditRecord>> TrailAsync(this ServerHost host, HttpClient client, string admin, string query = "")
    {
        await host.Get<AuditNotes>().WriteAsync();
        List<AuditRecord> records = [];
        for (long? after = 0; after is not null;)
        {
            Reply reply = await client.AskAsAsync(admin, "GET", $"/admin/audit?limit=7&after={after}{query}");
            reply.Status.Should().Be(200, reply.Body);
            records.AddRange(reply.Json.GetProperty("records").EnumerateArray().Select(record => new AuditRecord(record)));
            JsonElement next = reply.Json.GetProperty("next");
            after = next.ValueKind == JsonValueKind.Null ? null : next.GetInt64();
        }
        return records;
    }

    /// <summary>Runs a command on the host's database.</summary>
    public static Task<(int Code, string Output, string Error)> CommandAsync(this ServerHost host, params string[] words) =>
        ServerProcess.RunAsync(host.Directory, words, "", new Dictionary<string, string>
        {
            ["JwtAuth:Issuer"] = host.Issuer,
            ["JwtAuth:SigningKeys:Algorithm"] = "ES256",
        });
}
