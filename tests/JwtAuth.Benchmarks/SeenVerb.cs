using System.CommandLine;
using System.Security.Claims;
using JwtAuth.Bearer;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Clocks;
using JwtAuth.Bearer.Denials;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Composition;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Benchmarks;

/// <summary><c>seen</c>: what it takes to check a token that comes again, with the identity of the request.</summary>
internal static class SeenVerb
{
    private const string Issuer = "http://localhost:5080", Audience = "orders", Seen = "seen before", Denied = "seen before, denied since",
        Stock = "JsonWebTokenHandler";

    private const int Portion = 100;

    private static readonly DateTimeOffset ForgetAt = DateTimeOffset.UtcNow + TimeSpan.FromHours(5);

    public static Command Create()
    {
        var tokens = new Option<int>("--tokens")
        {
            Description = "Different tokens of each algorithm, 100 or more",
            DefaultValueFactory = _ => 1_000,
        };
        var rounds = new Option<int>("--rounds") { Description = "Rounds that count", DefaultValueFactory = _ => 15 };
        var algorithms = new Option<SignatureAlgorithm[]>("--algorithm")
        {
            Description = "Only these",
            DefaultValueFactory = _ => Enum.GetValues<SignatureAlgorithm>(),
        };
        Option<DirectoryInfo?> pictures = ReportVerb.PicturesOption();
        var verb = new Command("seen",
            """
            Measures, for each algorithm, the check of a token that was seen before, with an identity that is made for the call: one that
            is good, and one whose session was denied since, among as many denials as there are tokens; and the stock handler's check with
            an identity. They take turns, and each round walks all tokens. Exits 1 when a seen token takes more than a microsecond.
            """)
        {
            tokens, rounds, algorithms, pictures,
        };
        verb.SetAction(
            parsed => RunAsync(parsed.GetValue(tokens), parsed.GetValue(rounds), parsed.GetValue(algorithms)!, parsed.GetValue(pictures)));
        return verb;
    }

    private static async Task<int> RunAsync(int tokens, int rounds, SignatureAlgorithm[] algorithms, DirectoryInfo? pictures)
    {
        var findings = new Findings("", "µs (least to most)", "allocated, bytes");
        List<BarGroup> groups = [];
        foreach (SignatureAlgorithm algorithm in algorithms)
        {
            string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
            try
            {
                await using WebApplication app = TokensVerb.Build(directory, algorithm);
                await app.PrepareAsync();
                Measured measured = await MeasureAsync(app.Services, algorithm, tokens, rounds);
                foreach (Figure figure in measured.Figures)
                    findings.Add($"{algorithm}: {figure.Name}", Findings.Text(figure.Value), Findings.Text(figure.Allocated));
                findings.WantAtMost(1, $"{algorithm}: {Seen}, with identity", measured[Seen].Value, " µs");
                groups.Add(new BarGroup($"{algorithm}", [.. measured.Figures.Select(
                    figure => new Bar(figure.Name, figure.Value, figure.Name != Stock, figure.Name == Seen ? 1 : null))]));
            }
            finally
            {
                Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
                Directory.Delete(directory, recursive: true);
            }
        }
        findings.Draw(new Picture("seen.svg", "Checking a token with its identity, µs", " µs", groups));
        return findings.Publish(pictures);
    }

    private static async Task<Measured> MeasureAsync(IServiceProvider services, SignatureAlgorithm algorithm, int count, int rounds)
    {
        TokenIssuer issuer = services.GetRequiredService<TokenIssuer>();
        string[] sessions = [.. Enumerable.Range(0, count).Select(_ => TokenIssuer.NewId())];
        string[] tokens = [.. sessions.Select(session => issuer.Issue(
            Grant.To(Accounts.Snapshot(TokenIssuer.NewId(), "alice", 3, "clerk"), Audience,
            ["orders:read", "orders:write"], session)).Value)];
        (RememberingValidator good, _) = await CheckerAsync(services, tokens);
        (RememberingValidator denied, Denylist denylist) = await CheckerAsync(services, tokens);
        foreach (string session in sessions)
            denylist.Add(Denial.OfSession(session, ForgetAt));
        var stock = new StockHandler(services.GetRequiredService<SigningKeyRing>().Signer(forAccount: false), Issuer, Audience);

        return await new Rounds(rounds, count / Portion, TimeSpan.FromSeconds(3)).RunAsync($"{algorithm}",
            Candidate.InProcess(Seen, Portion, item => Expect(good.CheckSeen(tokens[item]).Token?.NewPrincipal() is not null)),
            Candidate.InProcess(Denied, Portion, item => Expect(denied.CheckSeen(tokens[item]).Rejection == TokenRejection.Denied)),
            Candidate.InProcess(
                Stock, Portion, item => Expect(stock.PrincipalOf(tokens[item]).Identity is ClaimsIdentity { IsAuthenticated: true })));
    }

    // Has seen all tokens, while none was denied.
    private static async Task<(RememberingValidator Checker, Denylist Denylist)> CheckerAsync(IServiceProvider services, string[] tokens)
    {
        var options = new JwtAuthBearerOptions { Authority = Issuer };
        options.Audiences.Add(Audience);
        var source = new HeardOnce();
        var checker = new RememberingValidator(new TokenValidator(options.Rules, services.GetRequiredService<IVerificationKeys>(),
            TimeProvider.System, source), options.CacheSize);
        foreach (string token in tokens)
            Expect(await checker.CheckAsync(new string(token.AsSpan())) is ({ }, null)); // a text of its own, as requests bring it
        return (checker, source.Denylist);
    }

    private static void Expect(bool asItMustBe)
    {
        if (!asItMustBe)
            throw new InvalidOperationException("a token was not answered as it must be");
    }

    private sealed class HeardOnce : IDenialSource
    {
        public HeardOnce() => Denylist.CompleteAsOf(ClockReading.Of(TimeProvider.System));

        public Denylist Denylist { get; } = new(TimeProvider.System, TimeSpan.FromDays(1));

        public Task CatchUpAsync() => Task.CompletedTask;
    }
}
