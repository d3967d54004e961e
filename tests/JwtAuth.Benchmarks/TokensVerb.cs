using System.CommandLine;
using System.Globalization;
using System.Security.Claims;
using JwtAuth.Bearer;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Composition;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Benchmarks;

/// <summary>
/// <c>tokens</c>: what it takes to check and to issue a token, beside the platform's bare signature and the stock handler.
/// </summary>
internal static class TokensVerb
{
    internal const string Issuer = "http://localhost:5080", Audience = "orders";

    private const string Ours = "JwtAuth", Stock = "JsonWebTokenHandler", Raw = "signature alone";

    private const int Portion = 50;

    // Of a few milliseconds at most, so that an interrupt spoils one turn of many.
    private const int SigningPortion = 10;

    private static readonly AccountSnapshot Account = Accounts.Snapshot(TokenIssuer.NewId(), "alice", 3, "clerk", "buyer");

    private static readonly string[] Scopes = ["orders:read", "orders:write"];

    public static Command Create()
    {
        var tokens = new Option<int>("--tokens")
        {
            Description = "Different tokens of each algorithm, 50 or more",
            DefaultValueFactory = _ => 4_000,
        };
        var rounds = new Option<int>("--rounds") { Description = "Rounds that count", DefaultValueFactory = _ => 9 };
        var algorithms = new Option<SignatureAlgorithm[]>("--algorithm")
        {
            Description = "Only these",
            DefaultValueFactory = _ => Enum.GetValues<SignatureAlgorithm>(),
        };
        var verb = new Command("tokens",
            """
            Measures, for each algorithm, the check of a token that was never seen before, without an identity and with the one that a
            request gets, and the issuing of one with two roles and two scopes: the service's own, the stock handler's, set up by the book
            with the same keys, and the platform's signature alone over the same bytes. They take turns, and each round walks all tokens.
            Exits 1 when a ratio is not what it must be.
            """)
        {
            tokens, rounds, algorithms,
        };
        verb.SetAction(parsed => RunAsync(parsed.GetValue(tokens), parsed.GetValue(rounds), parsed.GetValue(algorithms)!));
        return verb;
    }

    private static async Task<int> RunAsync(int tokens, int rounds, SignatureAlgorithm[] algorithms)
    {
        Console.WriteLine("| | median | least to most | allocated | ratio |");
        Console.WriteLine("|---|---|---|---|---|");
        bool kept = true;
        foreach (SignatureAlgorithm algorithm in algorithms)
        {
            string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
            try
            {
                await using WebApplication app = Build(directory, algorithm);
                await app.PrepareAsync();
                kept &= await MeasureAsync(app.Services, algorithm, tokens, rounds);
            }
            finally
            {
                Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
                Directory.Delete(directory, recursive: true);
            }
        }
        return kept ? 0 : 1;
    }

    private static async Task<bool> MeasureAsync(IServiceProvider services, SignatureAlgorithm algorithm, int count, int rounds)
    {
        TokenIssuer issuer = services.GetRequiredService<TokenIssuer>();
        string sessionId = TokenIssuer.NewId();
        string[] tokens = [.. Enumerable.Range(0, count).Select(_ => issuer.Issue(Grant.To(Account, Audience, Scopes, sessionId)).Value)];
        SigningKey key = services.GetRequiredService<SigningKeyRing>().Signer(forAccount: false);
        using var raw = RawSignature.Of(key, tokens);
        var stock = new StockHandler(key, Issuer, Audience);
        var options = new JwtAuthBearerOptions { Authority = Issuer };
        options.Audiences.Add(Audience);
        var validator = new TokenValidator(options.Rules, services.GetRequiredService<IVerificationKeys>(), TimeProvider.System);

        TimeSpan warmUp = TimeSpan.FromSeconds(5);
        Measured seen = await new Rounds(rounds, count / Portion, warmUp).RunAsync($"{algorithm}, first seen",
            Candidate.InProcess(Ours, Portion, item => Expect(validator.TryValidate(tokens[item], out _, out _))),
            Candidate.InProcess(Stock, Portion, item => Expect(stock.IsValid(tokens[item]))),
            Candidate.InProcess(Raw, Portion, item => Expect(raw.Verify(item))));
        Measured identified = await new Rounds(rounds, count / Portion, warmUp).RunAsync($"{algorithm}, first seen, with identity",
            Candidate.InProcess(Ours, Portion, item => PrincipalOf(validator, tokens[item])),
            Candidate.InProcess(Stock, Portion, item => stock.PrincipalOf(tokens[item])));
        int portion = algorithm == SignatureAlgorithm.RS256 ? SigningPortion : Portion;
        Measured issued = await new Rounds(rounds, count / Portion, warmUp).RunAsync($"{algorithm}, issued",
            Candidate.InProcess(Ours, portion, _ => issuer.Issue(Grant.To(Account, Audience, Scopes, sessionId))),
            Candidate.InProcess(Stock, portion, _ => stock.Create(Account, Scopes, sessionId)),
            Candidate.InProcess(Raw, portion, raw.Sign));
        Limit? ofIdentified = algorithm == SignatureAlgorithm.HS256 ? new(Stock, 0.5) : null;
        return Report(seen, LimitOfFirstSeen(algorithm)) & Report(identified, ofIdentified) & Report(issued, LimitOfIssuing(algorithm));
    }

    private static ClaimsPrincipal PrincipalOf(TokenValidator validator, string token) =>
        validator.TryValidate(token, out AccessToken? accepted, out _)
            ? new ValidatedToken(accepted).NewPrincipal()
            : throw new InvalidOperationException("a good token was refused");

    // HS256 is held to the stock handler, and that makes an identity.
    private static Limit? LimitOfFirstSeen(SignatureAlgorithm algorithm) => algorithm switch
    {
        SignatureAlgorithm.RS256 => new(Raw, 1.25),
        SignatureAlgorithm.ES256 => new(Raw, 1.10),
        _ => null,
    };

    private static Limit LimitOfIssuing(SignatureAlgorithm algorithm) => algorithm switch
    {
        SignatureAlgorithm.RS256 => new(Raw, 1.03),
        SignatureAlgorithm.ES256 => new(Raw, 1.20),
        _ => new(Stock, 0.7),
    };

    private static bool Report(Measured measured, Limit? limit)
    {
        foreach (Figure figure in measured.Figures)
        {
            IEnumerable<string> ratios = measured.Figures.Where(other => figure.Name == Ours && other.Name != Ours)
                .Select(other => Text(measured.Ratio(Ours, other.Name), $"of {other.Name}"));
            (string what, Spread value, string ratio) = ($"{measured.Title}: {figure.Name}", figure.Value, string.Join(", ", ratios));
            Line($"| {what} | {value.Median:F2} µs | {value.Least:F2} to {value.Most:F2} | {figure.Allocated:F0} bytes | {ratio} |");
        }
        if (limit is null)
            return true;
        bool kept = measured.Ratio(Ours, limit.To).Median <= limit.AtMost;
        Line($"| {(kept ? "as it must be" : "TOO MUCH")}: at most {limit.AtMost:F2} of {limit.To} | | | | |");
        return kept;

        static string Text(Spread ratio, string of) =>
            string.Create(CultureInfo.InvariantCulture, $"{ratio.Median:F3} ({ratio.Least:F3} to {ratio.Most:F3}) {of}");
    }

    private static void Expect(bool valid)
    {
        if (!valid)
            throw new InvalidOperationException("a good token was refused");
    }

    /// <summary>The service, from which the verbs that work in process take their tokens and keys.</summary>
    internal static WebApplication Build(string directory, SignatureAlgorithm algorithm) => ServiceBuilder.Build(
    [
        "--environment=Development", $"--contentRoot={directory}", $"--JwtAuth:DataDirectory={directory}", $"--JwtAuth:Issuer={Issuer}",
        $"--JwtAuth:Audiences={Audience}", "--JwtAuth:AccessTokens:Lifetime=01:00:00", $"--JwtAuth:SigningKeys:Algorithm={algorithm}",
        "--Logging:LogLevel:Default=Warning",
    ]);

    private static void Line(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    /// <summary>The most that our time may be, in times of another candidate's.</summary>
    private sealed record Limit(string To, double AtMost);
}
