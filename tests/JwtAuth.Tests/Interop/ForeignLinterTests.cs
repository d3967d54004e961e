using System.Text.Json.Nodes;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Interop;

/// <summary>The API's description before a linter that nobody here wrote.</summary>
public sealed class ForeignLinterTests
{
    [Fact]
    public async Task A_linter_finds_nothing_to_say_about_the_description_and_does_about_one_that_is_broken()
    {
        await using var host = new ServerHost();
        using HttpClient client = host.Connect();
        string document = (await client.AskAsync("GET", "/swagger/v1/swagger.json")).Body;
        JsonNode broken = JsonNode.Parse(document)!;
        broken["paths"]!["/me"]!["get"]!.AsObject().Remove("summary");

        (await ForeignVerifiers.LintAsync(document)).Should().BeEmpty();
        (await ForeignVerifiers.LintAsync(broken.ToJsonString()))
            .Should().ContainSingle().Which.Should().StartWith("error operation-summary at #/paths/~1me/get");
    }
}
