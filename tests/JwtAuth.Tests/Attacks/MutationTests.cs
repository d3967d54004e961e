using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Attacks;

/// <summary>Live tokens, broken at random. JWTAUTH_SEED repeats a run.</summary>
public sealed class MutationTests(AlgorithmHosts hosts, ITestOutputHelper output) : IClassFixture<AlgorithmHosts>
{
    private const int InProcess = 200_000;
    private const int OverHttp = 20_000;
    private const int Connections = 8;

    private static readonly int Seed = Environment.GetEnvironmentVariable("JWTAUTH_SEED") is { Length: > 0 } seed
        ? int.Parse(seed, CultureInfo.InvariantCulture)
        : Random.Shared.Next();

    [Fact]
    [Trait("row", "SIG-05")]
    public void No_mutation_of_a_live_token_is_accepted_by_the_validator()
    {
        output.WriteLine($"JWTAUTH_SEED={Seed}");
        (TokenValidator Validator, Mutator Mutator)[] targets = [.. Enum.GetValues<SignatureAlgorithm>().Select(
            algorithm => (hosts.Of(algorithm).Get<TokenValidator>(), Mutations(algorithm)))];
        ConcurrentBag<string> accepted = [];
        ConcurrentDictionary<TokenRejection, int> reasons = [];

        Parallel.For(0, InProcess, number =>
        {
            (TokenValidator validator, Mutator mutator) = targets[number % targets.Length];
            string token = mutator[number];
            if (validator.TryValidate(token, out _, out TokenRejection? rejection))
                accepted.Add(token);
            else
                reasons.AddOrUpdate(rejection, 1, (_, count) => count + 1);
        });

        output.WriteLine(
            string.Join(", ", reasons.OrderByDescending(reason => reason.Value).Select(reason => $"{reason.Key} {reason.Value}")));
        accepted.Should().BeEmpty();
        reasons.Values.Sum().Should().Be(InProcess);
        reasons[TokenRejection.BadSignature]
            .Should().BeGreaterThan(InProcess / 10, "a part of them is well made, and refused by its signature alone");
    }

    [Fact]
    [Trait("row", "SIG-05")]
    public async Task No_mutation_of_a_live_token_is_accepted_over_HTTP_and_none_is_an_error_of_the_service()
    {
        output.WriteLine($"JWTAUTH_SEED={Seed}");
        (string Issuer, Mutator Mutator)[] targets =
            [.. Enum.GetValues<SignatureAlgorithm>().Select(algorithm => (hosts.Of(algorithm).Issuer, Mutations(algorithm)))];
        ConcurrentDictionary<HttpStatusCode, int> statuses = [];
        ConcurrentBag<string> wrong = [];

        await Parallel.ForAsync(0, Connections, TestContext.Current.CancellationToken, async (connection, cancellation) =>
        {
            (string issuer, Mutator mutator) = targets[connection % targets.Length];
            using var wire = new Wire(issuer);
            for (int number = connection; number < OverHttp; number += Connections)
            {
                // Not those of the other test.
                string token = mutator[InProcess + number];
                HttpStatusCode status = (await wire.AskAsync(token, cancellation)).Status;
                statuses.AddOrUpdate(status, 1, (_, count) => count + 1);
                if (status is not (HttpStatusCode.Unauthorized or HttpStatusCode.BadRequest))
                    wrong.Add($"{status}: {token}");
            }
        });

        output.WriteLine(string.Join(", ", statuses.Select(status => $"{(int)status.Key} {status.Value}")));
        wrong.Should().BeEmpty();
        statuses.Values.Sum().Should().Be(OverHttp);
    }

    // Control twins: what the mutations are made from is accepted as it is.
    private Mutator Mutations(SignatureAlgorithm algorithm)
    {
        ServerHost host = hosts.Of(algorithm);
        string[] live = [.. Enumerable.Range(0, 16).Select(_ => new Forge(host).Live())];
        live.Should().AllSatisfy(token => host.Get<TokenValidator>().TryValidate(token, out _, out _).Should().BeTrue());
        return new Mutator(Seed, live);
    }
}
