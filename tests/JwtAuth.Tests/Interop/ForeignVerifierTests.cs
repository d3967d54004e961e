using System.Net;
using System.Text.Json.Nodes;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;
using Answers = System.Collections.Generic.Dictionary<string, System.Collections.Generic.Dictionary<string, string>>;

namespace JwtAuth.Tests.Interop;

/// <summary>Tokens of the running service before verifiers that nobody here wrote, which do not share our mistakes.</summary>
public sealed class ForeignVerifierTests
{
    private const string Live = "live";

    // Each refusal names what it was for, so that none is for a reason that the live token only happens not to meet.
    private static readonly Dictionary<string, string> Refusals = new()
    {
        ["expired"] = "expired|.exp. ",
        ["signed by another key that says it is ours"] = "signature",
        ["changed after it was signed"] = "signature",
        ["for another API"] = "audience|.aud. ",
        ["for the account"] = "audience|.aud. ",
    };

    [Theory]
    [InlineData(SignatureAlgorithm.RS256, "Node.js")]
    [InlineData(SignatureAlgorithm.RS256, "Python")]
    [InlineData(SignatureAlgorithm.RS256, "ASP.NET Core")]
    [InlineData(SignatureAlgorithm.ES256, "Node.js")]
    [InlineData(SignatureAlgorithm.ES256, "Python")]
    [InlineData(SignatureAlgorithm.ES256, "ASP.NET Core")]
    public async Task A_verifier_from_elsewhere_accepts_a_live_token_by_the_published_keys_and_refuses_what_is_wrong(
        SignatureAlgorithm algorithm, string platform)
    {
        await using ServerHost host = TwoHoursAgo(algorithm);
        Dictionary<string, string> tokens = await IssueAsync(host);
        var question = new
        {
            issuer = host.Issuer,
            jwks_uri = $"{host.Issuer}/.well-known/jwks.json",
            audience = "orders",
            algorithms = new[] { $"{algorithm}" },
            tokens,
        };

        Answers answers = platform switch
        {
            "Node.js" => await ForeignVerifiers.AskNodeAsync(question),
            "Python" => await ForeignVerifiers.AskPythonAsync(question),
            _ => await ForeignVerifiers.AskStockApiAsync(host.Issuer, "orders", tokens),
        };

        answers.Should().HaveCount(platform == "Node.js" ? 3 : 1);
        foreach ((string verifier, Dictionary<string, string> verdicts) in answers)
        {
            verdicts[Live].Should().Be("accepted", $"{verifier} reads our keys");
            foreach ((string name, string why) in Refusals)
                verdicts[name].Should().MatchRegex($"^refused: .*(?i:{why})", $"to {verifier} it is {name}");
        }
    }

    [Fact]
    [Trait("row", "KEY-13")]
    public async Task An_HS256_secret_is_not_published_so_a_stock_API_refuses_what_the_service_itself_accepts()
    {
        await using ServerHost shared = TwoHoursAgo(SignatureAlgorithm.HS256), published = TwoHoursAgo(SignatureAlgorithm.RS256);
        foreach ((ServerHost host, bool isReadable) in new[] { (shared, false), (published, true) })
        {
            string token = (await IssueAsync(host))[Live];
            using HttpClient client = host.Connect(token);
            (await client.GetAsync("/me", TestContext.Current.CancellationToken)).StatusCode.Should().Be(HttpStatusCode.OK);
            string keys = await client.GetStringAsync("/.well-known/jwks.json", TestContext.Current.CancellationToken);
            (keys == """{"keys":[]}""").Should().Be(!isReadable, keys);

            Answers answers = await ForeignVerifiers.AskStockApiAsync(host.Issuer, "orders", new() { [Live] = token });
            answers["AddJwtBearer"][Live].Should().MatchRegex(isReadable ? "^accepted$" : "^refused: 401 .*signature key was not found");
        }
    }

    // The verifiers live by the real clock.
    private static ServerHost TwoHoursAgo(SignatureAlgorithm algorithm) =>
        new ServerHost { Time = new ManualTime(DateTimeOffset.UtcNow.AddHours(-2)) }
            .With("JwtAuth:SigningKeys:Algorithm", $"{algorithm}")
            .With("JwtAuth:Audiences:1", "billing");

    private static async Task<Dictionary<string, string>> IssueAsync(ServerHost host)
    {
        await host.AddAccountAsync("alice");
        string expired = await host.LoginAsync("alice");
        host.Time.SetClock(DateTimeOffset.UtcNow);
        string live = await host.LoginAsync("alice");
        string[] parts = live.Split('.');
        JsonNode claims = JsonNode.Parse(Forge.Decode(parts[1]))!;
        claims["roles"] = new JsonArray("admin");
        return new()
        {
            ["expired"] = expired,
            [Live] = live,
            ["signed by another key that says it is ours"] =
                Forge.SignParts(parts[0], parts[1], SigningKey.Generate(new Forge(host).Key.Algorithm)),
            ["changed after it was signed"] = $"{parts[0]}.{Forge.Encode(claims.ToJsonString())}.{parts[2]}",
            ["for another API"] = await host.LoginAsync("alice", "billing"),
            ["for the account"] = await host.LoginAsync("alice", host.Issuer),
        };
    }
}
