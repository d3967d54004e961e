using System.Collections;
using System.Text.Json.Nodes;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.AccessTokens;

public sealed class TokenTextTests(AlgorithmHosts hosts) : IClassFixture<AlgorithmHosts>
{
    [Theory]
    [InlineData(SignatureAlgorithm.RS256)]
    [InlineData(SignatureAlgorithm.ES256)]
    [InlineData(SignatureAlgorithm.HS256)]
    public void A_token_that_broke_off_while_it_was_written_leaves_nothing_in_the_next_one_of_its_thread(SignatureAlgorithm algorithm)
    {
        ServerHost host = hosts.Of(algorithm);
        FluentActions.Invoking(() => Issue(host, "victim", new BreaksOff())).Should().Throw<InvalidOperationException>();

        string token = Issue(host, "alice", ["clerk"]);
        JsonObject claims = JsonNode.Parse(Forge.Decode(token.Split('.')[1]))!.AsObject();
        claims.Should().HaveCount(12);
        $"{claims["sub"]}".Should().Be("alice");
        claims["roles"]!.ToJsonString().Should().Be("""["clerk"]""");
        host.Get<TokenValidator>().TryValidate(token, out AccessToken? accepted, out _).Should().BeTrue();
        (accepted!.Subject, accepted.Roles.Single()).Should().Be(("alice", "clerk"));
    }

    [Fact]
    public void A_short_token_after_a_long_one_has_nothing_of_it_and_no_two_of_a_thread_have_one_jti()
    {
        ServerHost host = hosts.Of(SignatureAlgorithm.HS256);
        HashSet<string> identifiers = [];
        for (int turn = 0; turn < 200; turn++)
        {
            string[] roles = turn % 2 == 0 ? [.. Enumerable.Range(0, 32).Select(number => $"role-{number}")] : [];
            JsonObject claims = JsonNode.Parse(Forge.Decode(Issue(host, $"subject-{turn}", roles).Split('.')[1]))!.AsObject();
            ($"{claims["sub"]}", claims["roles"]!.AsArray().Count).Should().Be(($"subject-{turn}", roles.Length));
            Forge.Decode($"{claims["jti"]}").Should().HaveCount(16);
            identifiers.Add($"{claims["jti"]}");
        }
        identifiers.Should().HaveCount(200);
    }

    private static string Issue(ServerHost host, string subject, IReadOnlyList<string> roles) => host.Get<TokenIssuer>()
        .Issue(Grant.To(Accounts.Snapshot(subject, subject, 0, roles), "orders", [], "c2lk")).Value;

    private sealed class BreaksOff : IReadOnlyList<string>
    {
        public int Count => 2;

        public string this[int index] => index == 0 ? "admin" : throw new InvalidOperationException();

        public IEnumerator<string> GetEnumerator() => throw new InvalidOperationException();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
