using System.Collections.Concurrent;
using System.IdentityModel.Tokens.Jwt;
using System.Text;
using System.Text.Json.Nodes;
using JwtAuth.Bearer;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Composition;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Configuration;
using JwtAuth.Tests.Hosting;
using Microsoft.IdentityModel.Tokens;

namespace JwtAuth.Tests.AccessTokens;

public sealed class TokenIssuerTests(AlgorithmHosts hosts) : IClassFixture<AlgorithmHosts>
{
    public static TheoryData<SignatureAlgorithm> Algorithms => [.. Enum.GetValues<SignatureAlgorithm>()];

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void A_token_has_exactly_the_claims_of_the_contract(SignatureAlgorithm algorithm)
    {
        ServerHost host = hosts.Of(algorithm);
        IssuedToken issued = Issue(host, Account(roles: ["admin", "clerk"], generation: 7), scopes: ["orders:read", "orders:write"]);
        string[] parts = issued.Value.Split('.');
        string header = Encoding.UTF8.GetString(Forge.Decode(parts[0]));
        header.Should().Be($$"""{"alg":"{{algorithm}}","kid":"{{host.Get<SigningKeyRing>().Signer(false).KeyId}}","typ":"at+jwt"}""",
            "the plus is not escaped");

        JsonObject claims = JsonNode.Parse(Forge.Decode(parts[1]))!.AsObject();
        long now = host.Time.GetUtcNow().ToUnixTimeSeconds();
        string jti = $"{claims["jti"]}";
        claims.ToJsonString().Should().Be(new JsonObject
        {
            ["iss"] = host.Issuer,
            ["sub"] = "c3ViamVjdA",
            ["aud"] = "orders",
            ["exp"] = now + 300,
            ["nbf"] = now,
            ["iat"] = now,
            ["jti"] = jti,
            ["client_id"] = "jwtauth",
            ["scope"] = "orders:read orders:write",
            ["roles"] = new JsonArray("admin", "clerk"),
            ["username"] = "alice",
            ["sid"] = "c2lk",
            ["gen"] = 7,
        }.ToJsonString());
        Forge.Decode(jti).Should().HaveCount(16);
        (issued.ExpiresAt.ToUnixTimeSeconds(), issued.Lifetime).Should().Be((now + 300, TimeSpan.FromMinutes(5)));
        $"{issued}".Should().NotContain(parts[2]);
    }

    [Fact]
    public void The_scope_is_left_out_where_nothing_was_granted_and_roles_are_an_array_all_the_same()
    {
        ServerHost host = hosts.Of(SignatureAlgorithm.HS256);
        Claims(Issue(host, Account())).ContainsKey("scope").Should().BeFalse();
        Claims(Issue(host, Account()))["roles"]!.AsArray().Should().BeEmpty();
        $"{Claims(Issue(host, Account(), scopes: ["orders:read"]))["scope"]}".Should().Be("orders:read");
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Another_reader_reads_the_token_and_refuses_it_changed(SignatureAlgorithm algorithm)
    {
        ServerHost host = hosts.Of(algorithm);
        string token = Issue(host, Account(roles: ["clerk"]), scopes: ["orders:read"]).Value;
        SigningKeyRing ring = host.Get<SigningKeyRing>();
        var parameters = new TokenValidationParameters
        {
            ValidIssuer = host.Issuer,
            ValidAudience = "orders",
            ValidTypes = ["at+jwt"],
            ValidAlgorithms = [$"{algorithm}"],
            IssuerSigningKeys = algorithm == SignatureAlgorithm.HS256
                ? [new SymmetricSecurityKey(ring.Signer(false).ExportPrivate()) { KeyId = ring.Signer(false).KeyId }]
                : new JsonWebKeySet(Encoding.UTF8.GetString(ring.JsonWebKeySet.Span)).GetSigningKeys(),
            LifetimeValidator = (notBefore, expires, _, _) => notBefore <= host.Time.GetUtcNow().UtcDateTime
                && host.Time.GetUtcNow().UtcDateTime < expires,
        };
        var handler = new JwtSecurityTokenHandler { MapInboundClaims = false };

        handler.ValidateToken(token, parameters, out SecurityToken read).FindFirst("sub")!.Value.Should().Be("c3ViamVjdA");
        read.ValidTo.Should().Be(host.Time.GetUtcNow().UtcDateTime.AddMinutes(5));
        string[] parts = token.Split('.');
        string claims = Encoding.UTF8.GetString(Forge.Decode(parts[1])).Replace("clerk", "admin", StringComparison.Ordinal);
        string changed = $"{parts[0]}.{Forge.Encode(claims)}.{parts[2]}";
        FluentActions.Invoking(() => handler.ValidateToken(changed, parameters, out _))
            .Should().Throw<SecurityTokenInvalidSignatureException>();
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Sixty_four_callers_at_once_issue_tokens_that_all_differ_and_each_is_read_as_its_own(SignatureAlgorithm algorithm)
    {
        ServerHost host = hosts.Of(algorithm);
        TokenValidator validator = host.Get<TokenValidator>();
        var issued = new ConcurrentDictionary<string, string>();
        InParallel(caller =>
        {
            for (int turn = 0; turn < 8; turn++)
                issued[Issue(host, Account($"subject-{caller}-{turn}")).Value] = $"subject-{caller}-{turn}";
        });
        issued.Keys.Select(token => $"{JsonNode.Parse(Forge.Decode(token.Split('.')[1]))!["jti"]}").Distinct().Should().HaveCount(512);

        KeyValuePair<string, string>[] tokens = [.. issued];
        int wrong = 0;
        InParallel(caller =>
        {
            // Each caller in an order of its own, a broken token between two good ones.
            for (int turn = 0; turn < tokens.Length; turn++)
            {
                (string token, string subject) = tokens[(turn * 37 + caller * 11) % tokens.Length];
                bool right = validator.TryValidate(token, out AccessToken? accepted, out _)
                    && accepted.Subject == subject && accepted.Username == "alice";
                bool refused = !validator.TryValidate(token.AsSpan(..^4), out accepted, out TokenRejection? rejection)
                    && accepted is null && rejection is not null;
                if (!right || !refused)
                    Interlocked.Increment(ref wrong);
            }
        }, callers: algorithm == SignatureAlgorithm.HS256 ? 64 : 8);
        wrong.Should().Be(0);
    }

    [Theory]
    [InlineData('a')]
    [InlineData('"')]
    [InlineData('\\')]
    [InlineData('<')]
    [InlineData('é')]
    [InlineData('\uFFFD')]
    public async Task The_biggest_token_that_can_be_configured_still_fits(char filler)
    {
        string[] scopes = [.. Enumerable.Range(0, 31).Select(number => $"{number:00}{new string('s', 62)}"), new string('t', 32)];
        scopes.Sum(scope => scope.Length + 1).Should().Be(2048);
        string[] roles = [.. Enumerable.Range(0, Names.MaximumRoles).Select(number => $"{number:00}{new string('r', 30)}")];
        string issuer = $"https://{string.Join('.', Enumerable.Repeat(new string('h', 59), 4))}.h:65535";
        issuer.Should().HaveLength(255);
        string audience = new(filler, 255);
        Dictionary<string, string?> configuration = new()
        {
            ["JwtAuth:Issuer"] = issuer,
            ["JwtAuth:Audiences:0"] = audience,
            ["JwtAuth:MasterKey"] = Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32)),
        };
        foreach (string scope in scopes)
            configuration[$"JwtAuth:Scopes:{scope}"] = "";
        await using var host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");
        Settings settings;
        try
        {
            settings = Configured.Read(configuration);
        }
        catch (ConfigurationFaultException fault)
        {
            fault.Faults.Should().OnlyContain(line => line.StartsWith("JwtAuth:Audiences ", StringComparison.Ordinal));
            return; // what is refused at the start cannot be issued
        }

        var account = Accounts.Snapshot(new string('x', 22), LongestName, long.MaxValue, roles);
        Names.IsUsername(account.Username).Should().BeTrue();
        roles.Should().OnlyContain(role => Names.IsRole(role));
        var tokens = new TokenIssuer(settings.Issuer, settings.AccessTokens, host.Get<SigningKeyRing>(), host.Time);
        string token = tokens.Issue(Grant.To(account, audience, [.. scopes, "offline_access"], TokenIssuer.NewId())).Value;
        var options = new JwtAuthBearerOptions { Authority = issuer };
        options.Audiences.Add(audience);
        new TokenValidator(options.Rules, host.Get<SigningKeyRing>(), host.Time)
            .TryValidate(token, out AccessToken? accepted, out TokenRejection? rejection)
            .Should().BeTrue($"{rejection} was the verdict");
        (accepted!.Scopes.Length, accepted.Roles.Length).Should().Be((33, 32));

        // An ES256 signature has 86 characters, an RS256 one of the longest key that may be imported (8192 bits) has 1366.
        (token.Length - 86 + 1366).Should().BeLessThanOrEqualTo(TokenValidator.MaximumLength);
    }

    [Fact]
    public void A_grant_to_no_person_is_without_name_and_login_and_one_that_is_bound_names_the_key()
    {
        using var host = new ServerHost();
        var toAPerson = Grant.To(Account(), "orders", [], "c2lk");
        var toAProgram =
            new Grant { Subject = "a-client", Generation = 3, ClientId = "a-client", Audience = "orders", Scopes = ["orders:read"] };
        TokenIssuer issuer = host.Get<TokenIssuer>();

        JsonObject person = Claims(issuer.Issue(toAPerson)), program = Claims(issuer.Issue(toAProgram));
        JsonObject bound = Claims(issuer.Issue(toAPerson with { KeyThumbprint = "a-thumbprint", AuthenticationContext = "urn:a" }));

        person.Select(claim => claim.Key).Should().Contain(["sid", "username"]).And.NotContain(["cnf", "acr"]);
        program.Select(claim => claim.Key).Should().NotContain(["sid", "username", "cnf", "acr"]);
        ($"{program["sub"]}", $"{program["client_id"]}", $"{program["scope"]}", $"{program["gen"]}")
            .Should().Be(("a-client", "a-client", "orders:read", "3"));
        ($"{bound["cnf"]!["jkt"]}", $"{bound["acr"]}").Should().Be(("a-thumbprint", "urn:a"));
        host.Get<TokenValidator>().TryValidate(issuer.Issue(toAProgram).Value, out AccessToken? accepted, out _).Should().BeTrue();
        (accepted!.SessionId, accepted.Username, accepted.ClientId).Should().Be((null, null, "a-client"));
    }

    private static readonly string LongestName =
        $"{new string('\'', 64)}@{new string('d', 63)}.{new string('d', 63)}.{new string('d', 61)}";

    private static IssuedToken Issue(ServerHost host, AccountSnapshot account, params string[] scopes) =>
        host.Get<TokenIssuer>().Issue(Grant.To(account, "orders", scopes, "c2lk"));

    private static AccountSnapshot Account(string subject = "c3ViamVjdA", string[]? roles = null, long generation = 0) =>
        Accounts.Snapshot(subject, "alice", generation, roles ?? []);

    private static JsonObject Claims(IssuedToken issued) => JsonNode.Parse(Forge.Decode(issued.Value.Split('.')[1]))!.AsObject();

    private static void InParallel(Action<int> work, int callers = 64)
    {
        using var start = new Barrier(callers);
        Thread[] threads = [.. Enumerable.Range(0, callers).Select(caller => new Thread(() =>
        {
            start.SignalAndWait();
            work(caller);
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
    }
}
