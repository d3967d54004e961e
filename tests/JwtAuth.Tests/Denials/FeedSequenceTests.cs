using System.Globalization;
using JwtAuth.Bearer.Denials;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Denials;

/// <summary>Random sequences; with <c>JWTAUTH_SEQUENCES</c> more of them.</summary>
public sealed class FeedSequenceTests : IAsyncDisposable
{
    private static readonly int Sequences =
        int.Parse(Environment.GetEnvironmentVariable("JWTAUTH_SEQUENCES") ?? "24", CultureInfo.InvariantCulture);

    private readonly FeedSetup setup = new();
    private HttpClient http = null!, api = null!;
    private int dead, alive, outages;

    [Fact]
    public async Task After_denials_cuts_and_restarts_in_any_order_the_API_refuses_what_the_service_refuses_and_nothing_else()
    {
        http = setup.Open();
        api = setup.NewApi().Connect();
        for (int seed = 0; seed < Sequences; seed++)
            await RunAsync(seed);

        dead.Should().BeGreaterThan(Sequences);
        alive.Should().BeGreaterThan(Sequences);
        outages.Should().BeGreaterThan(Sequences);
    }

    private async Task RunAsync(int seed)
    {
        var random = new Random(seed);
        Token[] tokens =
        [
            .. from subject in Enumerable.Range(0, 2)
               from session in Enumerable.Range(0, 3)
               from generation in Enumerable.Range(0, 2)
               select Issue($"{seed}-{subject}", $"{seed}-{subject}-{session}", generation),
        ];
        foreach (Token token in tokens)
            await api.UntilOrdersAsync(token.Text, 200, $"sequence {seed}: nothing was denied yet");
        List<Denial> log = [];
        List<string> steps = [];
        var generations = new Dictionary<string, int>();
        for (int count = random.Next(4, 12); count > 0; count--)
        {
            (string step, Denial? denial) = await StepAsync(random, tokens[random.Next(tokens.Length)], generations);
            steps.Add(step);
            if (denial is not null)
                log.Add(denial);
        }
        await CatchUpAsync(seed);

        foreach (Token token in tokens)
        {
            int expected = log.Exists(token.IsDeniedBy) ? 401 : 200;
            (await http.StatusOfMeAsync(token.Text), await api.OrdersAsync(token.Text))
                .Should().Be((expected, expected), $"sequence {seed}: {string.Join(", ", steps)}; {token}");
            (dead, alive) = expected == 401 ? (dead + 1, alive) : (dead, alive + 1);
        }
    }

    private async Task<(string Step, Denial? Denial)> StepAsync(Random random, Token token, Dictionary<string, int> generations)
    {
        int chance = random.Next(100);
        if (chance < 50)
        {
            Denial denial = NewDenial(random, token, generations);
            await new DenialLog(setup.Directory).WriteAsync(denial);
            return ($"{denial.Kind} {denial.Name}", denial);
        }
        outages++;
        switch (chance)
        {
            case < 65:
                setup.Line.Cut();
                return ("cut", null);
            case < 75:
                setup.Line.Swallow();
                return ("swallow", null);
            case < 95:
                setup.Line.Pass();
                return ("pass", null);
            default:
                http.Dispose();
                http = await setup.RestartAsync();
                return ("restart", null);
        }
    }

    private Denial NewDenial(Random random, Token token, Dictionary<string, int> generations)
    {
        DateTimeOffset later = setup.ServiceTime.GetUtcNow().AddHours(5);
        switch (random.Next(4))
        {
            case 0:
                return Denial.OfToken(token.Subject, token.JwtId, later);
            case 1:
                return Denial.OfSession(token.SessionId, later);
            default:
                int generation = generations[token.Subject] = generations.GetValueOrDefault(token.Subject) + 1;
                return Denial.OfSubject(token.Subject, generation, random.Next(3) == 0 ? null : token.SessionId, later);
        }
    }

    /// <summary>The line is whole again, and one denial more is waited for: whoever has heard it has heard all before it.</summary>
    private async Task CatchUpAsync(int seed)
    {
        Token last = Issue($"{seed}-last", $"{seed}-last", 0);
        setup.Line.Pass();
        await new DenialLog(setup.Directory).WriteAsync(Denial.OfSession(last.SessionId, setup.ServiceTime.GetUtcNow().AddHours(5)));
        setup.Time.Advance(TimeSpan.FromSeconds(2));
        setup.ServiceTime.Advance(TimeSpan.FromSeconds(2));
        await api.UntilOrdersAsync(last.Text, 401, $"sequence {seed}");
        await Patience.UntilAsync(async () => await http.StatusOfMeAsync(last.Text) == 401);
    }

    private Token Issue(string subject, string sessionId, long generation)
    {
        IssuedToken issued = setup.Service.Get<TokenIssuer>().Issue(
            Grant.To(Accounts.Snapshot(subject, "alice", generation), "orders", [], sessionId));
        string claims = System.Text.Encoding.UTF8.GetString(Attacks.Forge.Decode(issued.Value.Split('.')[1]));
        return new Token(issued.Value, subject, $"{System.Text.Json.Nodes.JsonNode.Parse(claims)!["jti"]}", sessionId, generation);
    }

    public async ValueTask DisposeAsync()
    {
        http?.Dispose();
        api?.Dispose();
        await setup.DisposeAsync();
    }

    private sealed record Token(string Text, string Subject, string JwtId, string SessionId, long Generation)
    {
        public bool IsDeniedBy(Denial denial) => denial.Kind switch
        {
            DenialKind.Token => denial.Name == JwtId && denial.TokenSubject == Subject,
            DenialKind.Session => denial.Name == SessionId,
            _ => denial.Name == Subject && Generation < denial.BelowGeneration && SessionId != denial.ExceptSessionId,
        };

        public override string ToString() => $"{SessionId} gen {Generation}";
    }
}
