using System.Net;
using JwtAuth.Bearer.Keys;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Attacks;

public sealed class IntrospectionAgreesTests
{
    [Theory, Trait("row", "REV-20")]
    [InlineData(SignatureAlgorithm.ES256)]
    [InlineData(SignatureAlgorithm.HS256)]
    public async Task A_token_is_active_exactly_where_the_bearer_check_takes_it(SignatureAlgorithm algorithm)
    {
        await using ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", $"{algorithm}");
        TestClient api = host.AddClient("orders-api", $"orders {host.Issuer}");
        var forge = new Forge(host);
        using HttpClient http = host.Connect();
        using var wire = new Wire(host.Issuer);
        List<string> disagreements = [];
        int active = 0, inactive = 0;

        foreach (Attack attack in Attack.All.Where(attack => (attack.Only ?? algorithm) == algorithm))
        {
            string token = attack.Token(forge);
            bool isAccepted = (await wire.AskAsync(token, TestContext.Current.CancellationToken)).Status == HttpStatusCode.OK;
            Reply reply = await AskAsync(token);
            bool isActive = reply.Status == 200 && reply.Json.GetProperty("active").GetBoolean();
            (active, inactive) = isActive ? (active + 1, inactive) : (active, inactive + 1);
            if (isActive != isAccepted || reply.Status >= 500 || (!isActive && reply.Status == 200 && reply.Body != """{"active":false}"""))
                disagreements.Add($"{attack.Title}: {isAccepted}, {reply.Status} {reply.Body}");
        }

        disagreements.Should().BeEmpty();
        active.Should().BeGreaterThan(10);
        inactive.Should().BeGreaterThan(500);
        (await http.IsActiveAsync(api, forge.Live())).Should().BeTrue();

        // A body over the limit is refused while it is still being sent, which not every client lives to read.
        async Task<Reply> AskAsync(string token)
        {
            try
            {
                return await http.IntrospectAsync(api, token);
            }
            catch (HttpRequestException) when (token.Length > 60_000)
            {
                return new Reply(413, new Dictionary<string, string>(), "");
            }
        }
    }
}
