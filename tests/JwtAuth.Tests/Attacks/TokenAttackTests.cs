using System.Net;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Attacks;

/// <summary>
/// Every attack by token, for each algorithm, through the validator and through HTTP, beside the live token that it was made from.
/// </summary>
public sealed class TokenAttackTests(AlgorithmHosts hosts) : IClassFixture<AlgorithmHosts>
{
    private static readonly Dictionary<string, Attack> Attacks = Attack.All.ToDictionary(attack => attack.Title);

    public static TheoryData<SignatureAlgorithm, string> Titles()
    {
        var data = new TheoryData<SignatureAlgorithm, string>();
        foreach (SignatureAlgorithm algorithm in Enum.GetValues<SignatureAlgorithm>())
        {
            foreach (Attack attack in Attack.All.Where(attack => (attack.Only ?? algorithm) == algorithm))
                data.Add(algorithm, attack.Title);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Titles), DisableDiscoveryEnumeration = true)]
    public async Task A_token_with_one_thing_wrong_is_refused_and_the_same_token_without_it_is_accepted(
        SignatureAlgorithm algorithm, string title)
    {
        Attack attack = Attacks[title];
        ServerHost host = hosts.Of(algorithm);
        var forge = new Forge(host);
        string live = forge.Live(), token = attack.Token(forge);
        TokenValidator validator = host.Get<TokenValidator>();

        validator.TryValidate(live, out _, out _).Should().BeTrue("the control twin is live");
        validator.TryValidate(token, out AccessToken? accepted, out TokenRejection? rejection)
            .Should().Be(attack.IsAccepted, $"{rejection} was the verdict");
        (accepted is null).Should().Be(rejection is not null, "an outcome is one or the other");

        using var wire = new Wire(host.Issuer);
        (await wire.AskAsync(live, TestContext.Current.CancellationToken)).Status.Should().Be(HttpStatusCode.OK);
        WireReply reply = await wire.AskAsync(token, TestContext.Current.CancellationToken);
        (reply.Status, reply.Challenge).Should().Be(attack.Reply);
    }
}
