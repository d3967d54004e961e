using System.Net;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Attacks;

/// <summary>Every attack by token, for each algorithm, through the validator and through HTTP, beside the live token that it was made from.</summary>
public sealed class TokenAttackTests(TokenAttackTests.Hosts hosts) : IClassFixture<TokenAttackTests.Hosts>
{
    public static TheoryData<SignatureAlgorithm, string> Titles()
    {
        var data = new TheoryData<SignatureAlgorithm, string>();
        foreach (SignatureAlgorithm algorithm in Enum.GetValues<SignatureAlgorithm>())
        {
            foreach (Attack attack in Attack.All)
                data.Add(algorithm, attack.Title);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Titles), DisableDiscoveryEnumeration = true)]
    public async Task A_token_with_one_thing_wrong_is_refused_and_the_same_token_without_it_is_accepted(SignatureAlgorithm algorithm, string title)
    {
        Attack attack = Attack.All.Single(candidate => candidate.Title == title);
        ServerHost host = hosts.Of(algorithm);
        var forge = new Forge(host);
        string live = forge.Live(), token = attack.Token(forge);
        TokenValidator validator = host.Get<TokenValidator>();

        validator.TryValidate(live, out _, out _).Should().BeTrue("the control twin is live");
        validator.TryValidate(token, out AccessToken? accepted, out TokenRejection? rejection).Should().Be(attack.IsAccepted, $"{rejection} was the verdict");
        (accepted is null).Should().Be(rejection is not null, "an outcome is one or the other");

        (await AskAsync(host, live)).Status.Should().Be(HttpStatusCode.OK);
        (HttpStatusCode status, string challenge) = await AskAsync(host, token);
        status.Should().Be(attack.IsAccepted ? HttpStatusCode.OK : HttpStatusCode.Unauthorized);
        challenge.Should().Be(attack.IsAccepted ? "" : "Bearer error=\"invalid_token\"");
    }

    private static async Task<(HttpStatusCode Status, string Challenge)> AskAsync(ServerHost host, string token)
    {
        using HttpClient client = host.Connect();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/me");
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        using HttpResponseMessage reply = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return (reply.StatusCode, reply.Headers.WwwAuthenticate.ToString());
    }

    public sealed class Hosts : IAsyncDisposable
    {
        private readonly Dictionary<SignatureAlgorithm, ServerHost> hosts = Enum.GetValues<SignatureAlgorithm>()
            .ToDictionary(algorithm => algorithm, algorithm => new ServerHost().With("JwtAuth:SigningKeys:Algorithm", $"{algorithm}"));

        internal ServerHost Of(SignatureAlgorithm algorithm) => hosts[algorithm];

        public async ValueTask DisposeAsync()
        {
            foreach (ServerHost host in hosts.Values)
                await host.DisposeAsync();
        }
    }
}
