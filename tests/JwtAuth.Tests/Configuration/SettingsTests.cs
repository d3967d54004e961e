using System.Security.Cryptography;
using JwtAuth.Server.Composition;
using JwtAuth.Server.Configuration;

namespace JwtAuth.Tests.Configuration;

public sealed class SettingsTests
{
    private static readonly string Secret = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private static Dictionary<string, string?> Sound() => new()
    {
        ["JwtAuth:Issuer"] = "https://auth.example.com",
        ["JwtAuth:Audiences:0"] = "orders",
        ["JwtAuth:MasterKey"] = Secret,
    };

    /// <summary>
    /// Key below JwtAuth, a wrong value (null: left out), a right one beside it (null: left out), and the key
    /// that is named where it is another.
    /// </summary>
    public static TheoryData<string, string?, string?, string?> Wrong => new()
    {
        { "Issuer", null, "https://auth.example.com", null },
        { "Issuer", "", "https://auth.example.com:8443", null },
        { "Issuer", "auth.example.com", "https://auth.example.com", null },
        { "Issuer", "//auth.example.com", "https://auth.example.com", null },
        { "Issuer", "ftp://auth.example.com", "https://auth.example.com", null },
        { "Issuer", "http://auth.example.com", "https://auth.example.com", null },
        { "Issuer", "http://localhost:5080", "https://localhost:5080", null },
        { "Issuer", "https://auth.example.com/", "https://auth.example.com", null },
        { "Issuer", "https://auth.example.com/tenant/../junk", "https://auth.example.com", null },
        { "Issuer", "https://auth.example.com?x=1", "https://auth.example.com", null },
        { "Issuer", "https://auth.example.com#x", "https://auth.example.com", null },
        { "Issuer", "https://AUTH.example.com", "https://auth.example.com", null },
        { "Issuer", "HTTPS://auth.example.com", "https://auth.example.com", null },
        { "Issuer", "https://auth.example.com:443", "https://auth.example.com", null },
        { "Issuer", "https://user:hunter2hunter2@auth.example.com", "https://auth.example.com", null },
        { "Issuer", " https://auth.example.com", "https://auth.example.com", null },
        { "Issuer", "https://bücher.example.com", "https://xn--bcher-kva.example.com", null },
        { "Issuer", $"https://{new string('h', 60)}.{new string('h', 60)}.{new string('h', 60)}.{new string('h', 60)}:65535",
            "https://h.example.com", null },
        { "Audiences:0", new string('a', 256), new string('a', 255), "Audiences" },
        { "Audiences:0", null, "orders", "Audiences" },
        { "Audiences:0", "", "orders", "Audiences" },
        { "Audiences:0", "two words", "two-words", "Audiences" },
        { "Audiences:0", "line\nbreak", "https://orders.example.com/api?v=1", "Audiences" },
        { "Audiences:0", "https://auth.example.com", "https://auth.example.com/orders", "Audiences" },
        { "Audiences:0", "ördérs", "orders", "Audiences" },
        { "Audiences:0", "\"orders\"", "orders", "Audiences" },
        { "Scopes:two words", "", null, "Scopes" },
        { "Scopes:quoted\"", "", null, "Scopes" },
        { "Scopes:back\\slash", "", null, "Scopes" },
        { "Scopes:grüße", "", null, "Scopes" },
        { "Scopes:orders:write:0", "Administrators!", "admin", "Scopes" },
        { "Scopes:orders:write:0", "Admin", "clerk", "Scopes" },
        { "Storage:Provider", "1", "Sqlite", null },
        { "Storage:ListenerConnectionString", "Host=db;Database=jwtauth", null, null },
        { "Storage:Provider", "MySql", "sqlite", null },
        { "Storage:ConnectionString", "", "Data Source=/tmp/jwtauth.db", null },
        { "Storage:ConnectionString", "Data Source=:memory:", "Data Source=/tmp/jwtauth.db", null },
        { "Storage:ConnectionString", "Data Source=x;Mode=Memory", "Data Source=x;Mode=ReadWriteCreate", null },
        { "Storage:ConnectionString", "Data Source=file:x?mode=memory", "Data Source=x", null },
        { "Storage:ConnectionString", "Data Source=x;Password=hunter2hunter2", "Data Source=x", null },
        { "Storage:ConnectionString", "Host=localhost;Database=jwtauth", "Data Source=x", null },
        { "MasterKey", null, "valid", null },
        { "MasterKey", "", "valid", null },
        { "MasterKey", "not base64 at all!", "valid", null },
        { "MasterKey", "c2hvcnQgYnV0IHJhbmRvbQ==", "valid", null },
        { "MasterKey", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "valid", null },
        { "MasterKey", "VGhpcyBtYXN0ZXIga2V5IGlzIHRleHQsIDMyIGxvbmc=", "valid", null },
        { "MasterKey", "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg", "valid", null },
        { "SigningKeys:Hs256Secret", "valid", "Nd6jJmV9xU1uyhD8kqkP2vA7q3wL0rT5fHs4GzYcB1E=", null },
        { "SigningKeys:Hs256Secret", "your-256-bit-secret", "Nd6jJmV9xU1uyhD8kqkP2vA7q3wL0rT5fHs4GzYcB1E=", null },
        { "SigningKeys:Hs256Secret", "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
            "Nd6jJmV9xU1uyhD8kqkP2vA7q3wL0rT5fHs4GzYcB1E=", null },
        { "SigningKeys:Hs256Secret", "3q2+796tvu/erb7v3q2+796tvu/erb7v3q2+796tvu8=", "Nd6jJmV9xU1uyhD8kqkP2vA7q3wL0rT5fHs4GzYcB1E=", null },
        { "SigningKeys:Algorithm", "RS512", "RS256", null },
        { "SigningKeys:Algorithm", "rs256", "ES256", null },
        { "SigningKeys:Algorithm", "none", "HS256", null },
        { "SigningKeys:Algorithm", "1", "HS256", null },
        { "SigningKeys:RotateEvery", "00:00:30", "30", null },
        { "SigningKeys:RotateEvery", "quarterly", "90.00:00:00", null },
        { "SigningKeys:PublishAhead", "-00:01:00", "00:01:00", null },
        { "SigningKeys:PublishAhead", "90.00:00:00", "89.00:00:00", null },
        { "AccessTokens:Lifetime", "-00:05:00", "00:05:00", null },
        { "AccessTokens:Lifetime", "00:00:00", "00:00:01", null },
        { "AccessTokens:Lifetime", "01:00:01", "01:00:00", null },
        { "AccessTokens:Lifetime", "5", "00:05", null },
        { "AccessTokens:Lifetime", "5 minutes", "00:05:00", null },
        { "AccessTokens:Lifetime", "", "00:05:00", null },
        { "AccessTokens:ClockSkew", "00:01:01", "00:01:00", null },
        { "AccessTokens:ClockSkew", "-00:00:01", "00:00:00", null },
        { "Passwords:WorkFactor", "9", "10", null },
        { "Passwords:WorkFactor", "15", "14", null },
        { "Passwords:WorkFactor", "12.5", "12", null },
        { "Passwords:MinimumLength", "7", "8", null },
        { "Passwords:MinimumLength", "65", "64", null },
        { "Passwords:MaxConcurrentHashes", "0", "1", null },
        { "Passwords:QueueLimit", "-1", "0", null },
        { "Passwords:QueueLimit", "99999999999999999999", "10000", null },
        { "Passwords:MaxQueueWait", "01:00:00", "00:01:00", null },
        { "Registration:Open", "yes", "true", null },
        { "Swagger:Enabled", "1", "false", null },
        { "AllowRemoteInDevelopment", "on", "True", null },
        { "SecurityTxt:Contact:0", "security@example.com", null, "SecurityTxt:Contact" },
        { "SecurityTxt:Contact:0", "http://example.com/report", null, "SecurityTxt:Contact" },
        { "SecurityTxt:Contact:0", "mailto:security@example.com", null, "SecurityTxt:Expires" },
        { "SecurityTxt:Expires", "2027-06-30T00:00:00Z", null, null },
        { "Telemetry:OtlpEndpoint", "", "http://127.0.0.1:4318", null },
        { "Telemetry:OtlpEndpoint", "127.0.0.1:4318", "https://collector.example.com", null },
        { "Telemetry:OtlpEndpoint", "grpc://127.0.0.1:4317", "http://collector:4318/otlp/", null },
        { "Telemetry:OtlpEndpoint", "https://user:hunter2hunter2@collector.example.com", "https://collector.example.com", null },
        { "Telemetry:OtlpEndpoint", "http://127.0.0.1:4318?api-key=hunter2hunter2", null, null },
        { "SecurityTxt:Policy", "http://example.com/policy", "https://example.com/policy", null },
        { "ChangePasswordUrl", "/account/password", "https://app.example.com/account/password", null },
        { "ChangePasswordUrl", "https://app.example.com/\r\nX: y", null, null },
        { "ChangePasswordUrl", "javascript:alert(1)", null, null },
        { "Cors:Origins:0", "*", "https://app.example.com", "Cors:Origins" },
        { "Cors:Origins:0", "null", "https://app.example.com", "Cors:Origins" },
        { "Cors:Origins:0", "https://app.example.com/", "https://localhost:5173", "Cors:Origins" },
        { "Cors:Origins:0", "http://app.example.com", "https://app.example.com", "Cors:Origins" },
        { "Cors:Origins:0", "http://localhost:5173", "https://localhost:5173", "Cors:Origins" },
        { "Hosts:0", "*", "auth.internal", "Hosts" },
        { "Hosts:0", "*.example.com", "login.example.com", "Hosts" },
        { "Hosts:0", "auth.internal:8080", "10.0.0.7", "Hosts" },
        { "Hosts:0", "https://auth.internal", "::1", "Hosts" },
        { "Cors:Origins:0", "https://*.example.com", "https://app.example.com", "Cors:Origins" },
        { "Proxy:TrustedNetworks:0", "proxy.internal", "10.0.0.0/8", "Proxy:TrustedNetworks" },
        { "Proxy:TrustedNetworks:0", "10.0.0.0/33", "192.0.2.7", "Proxy:TrustedNetworks" },
        { "Proxy:TrustedNetworks:0", "0.0.0.0/0", "0.0.0.0/1", "Proxy:TrustedNetworks" },
        { "Proxy:TrustedNetworks:0", "::/0", "fd00::/8", "Proxy:TrustedNetworks" },
        { "Isuer", "https://auth.example.com", null, null },
        { "AccessTokens:LifeTimes", "00:05:00", null, null },
        { "AccessTokens", "00:05:00", null, null },
        { "Passwords:Workfaktor", "12", null, null },
        { "SigningKeys:Hs256Secrets", "your-256-bit-secret", null, null },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    [Trait("row", "OPS-13")]
    [Trait("row", "BCR-06")]
    public void A_wrong_value_stops_the_start_with_its_key_and_a_remedy_on_one_line_and_the_right_value_does_not(
        string key, string? wrong, string? right, string? named)
    {
        FluentActions.Invoking(() => Configured.Read(With(key, right == "valid" ? Secret : right))).Should().NotThrow();

        wrong = wrong == "valid" ? Secret : wrong; // the secret of this run
        string fault = FluentActions.Invoking(() => Configured.Read(With(key, wrong))).Should().Throw<ConfigurationFaultException>()
            .Which.Faults.Should().ContainSingle().Subject;
        fault.Should().StartWith($"JwtAuth:{named ?? key} ").And.NotContain("\n").And.Contain("; ").And.EndWith(".");
        if (key.Contains("Key", StringComparison.Ordinal) || key.Contains("Secret", StringComparison.Ordinal))
            fault.Should().NotContain(wrong is { Length: > 4 } ? wrong : Secret);
        fault.Should().NotContain("hunter2");
    }

    [Fact]
    [Trait("row", "OPS-13")]
    public void All_faults_are_told_at_once()
    {
        Dictionary<string, string?> values = Sound();
        values["JwtAuth:Issuer"] = "nonsense";
        values["JwtAuth:AccessTokens:Lifetime"] = "-1";
        values["JwtAuth:Unknown"] = "x";
        FluentActions.Invoking(() => Configured.Read(values))
            .Should().Throw<ConfigurationFaultException>().Which.Faults.Should().HaveCount(3);
    }

    [Theory]
    [InlineData("http://localhost:5080", "Development", true)]
    [InlineData("http://127.0.0.1:5080", "Development", true)]
    [InlineData("http://[::1]:5080", "Development", true)]
    [InlineData("http://localhost:5080", "Production", false)]
    [InlineData("http://localhost:5080", "Staging", false)]
    [InlineData("http://auth.example.com", "Development", false)]
    [InlineData("http://localhost.example.com", "Development", false)]
    [InlineData("https://auth.example.com", "Development", true)]
    public void Plain_http_is_for_loopback_in_development_only(string issuer, string environment, bool isSound)
    {
        Dictionary<string, string?> values = Sound();
        values["JwtAuth:Issuer"] = issuer;
        Action read = () => Configured.Read(values, environment);
        if (isSound)
            read.Should().NotThrow();
        else
            read.Should().Throw<ConfigurationFaultException>().WithMessage("JwtAuth:Issuer is a plain http URL*");
    }

    [Theory]
    [InlineData("http://localhost:5173", "Development", true)]
    [InlineData("http://127.0.0.1:5173", "Development", true)]
    [InlineData("http://app.example.com", "Development", false)]
    [InlineData("https://app.example.com", "Development", true)]
    [InlineData("http://localhost:5173", "Production", false)]
    public void Beside_an_https_issuer_pages_of_plain_http_are_for_loopback_in_development_only(
        string origin, string environment, bool isSound)
    {
        Dictionary<string, string?> values = With("Cors:Origins:0", origin);
        if (isSound)
            Configured.Read(values, environment).Cors.Origins.Should().Equal(origin);
        else
            FluentActions.Invoking(() => Configured.Read(values, environment)).Should().Throw<ConfigurationFaultException>()
                .WithMessage("JwtAuth:Cors:Origins holds an origin of plain http*");

        values["JwtAuth:Issuer"] = "http://localhost:5080";
        if (environment == "Development")
            Configured.Read(values, environment).Cors.Origins.Should().Equal([origin], "the service itself is plain http there");
    }

    [Theory]
    [InlineData("Authority")]
    [InlineData("SharedSecrets:0")]
    [Trait("row", "OPS-13")]
    public void A_name_that_only_an_API_reads_is_told_and_no_fault(string key)
    {
        FluentActions.Invoking(() => Configured.Read(With(key, "x"))).Should().NotThrow();
        SettingValues.WithoutEffect(Configured.From(With(key, "x"))).Should().Equal($"JwtAuth:{key}");
        SettingValues.WithoutEffect(Configured.From(Sound())).Should().BeEmpty();
        FluentActions.Invoking(() => Configured.Read(With("X" + key, "x"))).Should().Throw<ConfigurationFaultException>();
    }

    [Fact]
    public void Development_has_open_doors_and_production_does_not()
    {
        Settings development = Configured.Read(Sound(), "Development"), production = Configured.Read(Sound());
        (development.Registration.IsOpen, development.Swagger.Enabled, development.Lab.Enabled).Should().Be((true, true, true));
        (production.Registration.IsOpen, production.Swagger.Enabled, production.Lab.Enabled).Should().Be((false, false, false));
        (production.Proxy.TrustedNetworks.Count, production.Cors.Origins.Count).Should().Be((0, 0));
        production.Passwords.WorkFactor.Should().Be(12);
    }

    [Fact]
    public void A_scope_may_hold_a_colon_and_name_the_roles_that_may_have_it_in_either_form()
    {
        Dictionary<string, string?> values = Sound();
        values["JwtAuth:Scopes:orders:read"] = "";
        values["JwtAuth:Scopes:orders:write:0"] = "clerk";
        values["JwtAuth:Scopes:orders:write:1"] = "admin";
        values["JwtAuth:Scopes:audit"] = "admin, auditor";
        Configured.Read(values).Issuer.Scopes.Should().BeEquivalentTo(new Dictionary<string, string[]>
        {
            ["orders:read"] = [],
            ["orders:write"] = ["clerk", "admin"],
            ["audit"] = ["admin", "auditor"],
            ["offline_access"] = [],
        });
    }

    [Theory]
    [InlineData("urls", "http://localhost:5080", "http://0.0.0.0:5080")]
    [InlineData("urls", "http://127.0.0.1:5080", "http://*:5080")]
    [InlineData("urls", "http://[::1]:5080", "http://[::]:5080")]
    [InlineData("urls", "http://127.0.0.2:5080", "http://192.0.2.7:5080")]
    [InlineData("urls", "http://localhost:5080;https://localhost:5081", "http://localhost:5080;http://+:5081")]
    [InlineData("urls", "http://localhost:1", "http://localhost.example.com:1")]
    [InlineData("http_ports", "", "8080")]
    [InlineData("https_ports", "", "8443")]
    [InlineData("Kestrel:Endpoints:Http:Url", "http://localhost:5080", "http://0.0.0.0:5080")]
    [InlineData("Kestrel:Endpoints:Https:Url", "https://127.0.0.1:5443", "https://auth.example.com:5443")]
    public void Development_listens_on_loopback_unless_it_is_told_otherwise_and_production_anywhere(
        string key, string inside, string beyond)
    {
        ListenSettings closed = Configured.Read(Sound(), "Development").Listen;
        Check(inside, "Development", closed).Should().NotThrow();
        Check(beyond, "Development", closed).Should().Throw<ConfigurationFaultException>()
            .Which.Faults
            .Should().ContainSingle().Which.Should().StartWith($"{key} ").And.Contain("AllowRemoteInDevelopment").And.NotContain("\n");
        Check(beyond, "Development", closed with { MayListenBeyondLoopback = true }).Should().NotThrow();
        Check(beyond, "Production", closed).Should().NotThrow();

        Action Check(string value, string environment, ListenSettings settings) => () =>
            ListenAddresses.Check(Configured.From([new(key, value)]), Configured.Environment(environment), settings);
    }

    [Theory]
    [InlineData("urls", "localhost:5080")]
    [InlineData("urls", "http:localhost")]
    [InlineData("urls", "http://localhost:5080;nonsense")]
    [InlineData("urls", "http://localhost:port")]
    [InlineData("http_ports", "eighty")]
    [InlineData("http_ports", "80;70000")]
    [InlineData("Kestrel:Endpoints:Http:Url", "nonsense")]
    [InlineData("Kestrel:Endpoints:Http:Url", "")]
    [Trait("row", "OPS-13")]
    public void An_address_that_is_none_is_told_in_every_environment(string key, string value)
    {
        foreach (string environment in new[] { "Development", "Production" })
        {
            ListenSettings settings = Configured.Read(Sound(), environment).Listen with { MayListenBeyondLoopback = true };
            FluentActions.Invoking(() => ListenAddresses.Check(
                Configured.From([new("urls", "http://localhost:5080")]), Configured.Environment(environment), settings))
                .Should().NotThrow();
            FluentActions.Invoking(
                () => ListenAddresses.Check(Configured.From([new(key, value)]), Configured.Environment(environment), settings))
                .Should().Throw<ConfigurationFaultException>().WithMessage($"{key} *");
        }
    }

    private static Dictionary<string, string?> With(string key, string? value)
    {
        Dictionary<string, string?> values = Sound();
        if (value is null)
            values.Remove($"JwtAuth:{key}");
        else
            values[$"JwtAuth:{key}"] = value;
        return values;
    }
}
