using System.Buffers.Text;
using System.Security.Claims;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Authentication;

/// <summary>Cookies that we did not write: 401 for each, and nothing fails.</summary>
public sealed class ForgedCookieTests(CookieHosts hosts) : IClassFixture<CookieHosts>, IAsyncLifetime
{
    private const string Middleware = "Microsoft.AspNetCore.Authentication.Cookies.CookieAuthenticationMiddleware";

    // What becomes of a good value.
    private static readonly Dictionary<string, Func<string, string>> Changes = new()
    {
        ["empty"] = _ => "",
        ["its last character cut"] = value => value[..^1],
        ["its first character cut"] = value => value[1..],
        ["the half of it"] = value => value[..(value.Length / 2)],
        ["twice"] = value => value + value,
        ["reversed"] = value => new string([.. value.Reverse()]),
        ["upper case"] = value => value.ToUpperInvariant(),
        ["in quotes"] = value => $"\"{value}\"",
        ["percent-encoded"] = value => $"%{(int)value[0]:x2}{value[1..]}",
        ["padded"] = value => value + "=",
        ["with a line's end, encoded"] = value => value + "%0d%0a",
        ["with another one after a comma"] = value => $"{value},{value}",
        ["chunks-2"] = _ => "chunks-2",
        ["chunks-2147483647"] = _ => "chunks-2147483647",
        ["null"] = _ => "null",
        ["one character"] = _ => "A",
        ["zeros of the same length"] = value => new string('A', value.Length),
        ["16 KB"] = _ => new string('A', 16 * 1024),
        ["16 KB behind it"] = value => value + new string('A', 16 * 1024),
        ["43 characters that are no base64url"] = _ => new string('~', 43),
    };

    private readonly HttpClient client = hosts.Plain.Connect();
    private AccountSnapshot account = null!;

    public static TheoryData<string> Tamperings => [.. Changes.Keys];

    public async ValueTask InitializeAsync() => account = await hosts.Plain.AddAccountAsync($"user-{Guid.NewGuid():n}");

    public ValueTask DisposeAsync()
    {
        hosts.Plain.Log.All.Should().NotContain(line => line.Contains("A request failed", StringComparison.Ordinal));
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    private OwnCookies Names => hosts.Plain.Get<OwnCookies>();

    [Theory, Trait("row", "WEB-04")]
    [MemberData(nameof(Tamperings))]
    public async Task A_value_that_was_tampered_with_is_refused(string how)
    {
        foreach (string credential in (string[])["session", "signed_cookie"])
        {
            string good = await BeginAsync(credential), name = good[..good.IndexOf('=')], value = good[(name.Length + 1)..];

            await ShouldBeRefusedAsync($"{name}={Changes[how](value)}");

            (await client.MeByCookieAsync(good)).Should().Be(200);
        }
    }

    [Theory, Trait("row", "WEB-04")]
    [InlineData("session")]
    [InlineData("signed_cookie")]
    public async Task A_value_with_one_bit_changed_is_refused_and_nothing_tells_which(string credential)
    {
        string good = await BeginAsync(credential), name = good[..good.IndexOf('=')];
        byte[] bytes = Base64Url.DecodeFromChars(good.AsSpan(name.Length + 1));
        var answers = new HashSet<string>();

        // All of the beginning and the end, where what protects it is, and some of what it says.
        foreach (int at in Enumerable.Range(0, bytes.Length).Where(at => at < 52 || at >= bytes.Length - 33 || at % 17 == 0))
        {
            bytes[at] ^= (byte)(1 << (at % 8));
            answers.Add((await ShouldBeRefusedAsync($"{name}={Base64Url.EncodeToString(bytes)}")).Bytes);
            bytes[at] ^= (byte)(1 << (at % 8));
        }

        answers.Should().ContainSingle();
        (await client.MeByCookieAsync($"{name}={Base64Url.EncodeToString(bytes)}")).Should().Be(200);
    }

    [Fact, Trait("row", "WEB-04")]
    public async Task A_value_is_good_under_its_own_name_alone()
    {
        string session = Value(await BeginAsync("session")), signed = Value(await BeginAsync("signed_cookie"));
        using var refreshing = new Browser(hosts.Plain.Connect(), hosts.Plain.Issuer, account.Username);
        await refreshing.LogInWithRefreshCookieAsync();
        string refresh = refreshing.Cookies[Names.Refresh], sid = (await ListAsync(session))[0];

        foreach (string cookie in (string[])
        [
            $"{Names.Session}={signed}", $"{Names.SignedCookie}={session}", $"{Names.Session}={refresh}", $"{Names.SignedCookie}={refresh}",
            $"{Names.Session}={sid}", $"{Names.SignedCookie}={sid}", $"{Names.Refresh}={session}", $"{Names.Refresh}={signed}",
            $"{Names.Session}={signed}; {Names.SignedCookie}={session}",
            $"{Names.SignedCookie}=chunks-2; {Names.SignedCookie}C1={signed[..100]}; {Names.SignedCookie}C2={signed[100..]}",
        ])
        {
            await ShouldBeRefusedAsync(cookie);
            Reply logout = await client.AskAsync("POST", "/auth/logout", null, ("Cookie", cookie), ("Origin", hosts.Plain.Issuer));
            logout.Status.Should().Be(401, cookie);
            refreshing.Cookies.Clear();
            foreach (string pair in cookie.Split("; "))
                refreshing.Cookies[pair[..pair.IndexOf('=')]] = Value(pair);
            (await refreshing.AskAsync("POST", "/auth/refresh", new { refresh = "cookie" })).Code.Should().Be("invalid_grant");
        }

        (await client.MeByCookieAsync($"{Names.Session}={session}; {Names.Refresh}={refresh}")).Should().Be(200);
        (await client.MeByCookieAsync($"{Names.SignedCookie}={signed}")).Should().Be(200);
        refreshing.Cookies.Clear();
        refreshing.Cookies[Names.Refresh] = refresh;
        (await refreshing.AskAsync("POST", "/auth/refresh", new { refresh = "cookie" })).Status.Should().Be(200);
    }

    [Theory, Trait("row", "WEB-04")]
    [InlineData("session")]
    [InlineData("signed_cookie")]
    public async Task Of_two_cookies_of_one_name_none_is_believed(string credential)
    {
        string good = await BeginAsync(credential), other = await BeginAsync(credential), name = good[..good.IndexOf('=')];

        foreach (string both
            in (string[])[$"{good}; {other}", $"{other}; {good}", $"{good}; theme=dark; {good}", $"{good};{name}=", $"{name}=; {good}"])
        {
            await ShouldBeRefusedAsync(both);
            (await client.AskAsync("POST", "/auth/logout", null, ("Cookie", both))).Status.Should().Be(401);
        }

        (await client.MeByCookieAsync(good)).Should().Be(200);
        (await client.MeByCookieAsync($"theme=dark;{other};a=b")).Should().Be(200);
    }

    [Theory, Trait("row", "WEB-04")]
    [InlineData("as it is made here", 200)]
    [InlineData("expired", 401)]
    [InlineData("of another purpose", 401)]
    [InlineData("of the session's scheme", 401)]
    [InlineData("of an earlier version", 401)]
    [InlineData("of another application name", 401)]
    [InlineData("of another ring", 401)]
    [InlineData("of another database", 401)]
    public async Task A_ticket_is_good_of_this_ring_application_and_purpose_alone(string which, int status)
    {
        IDataProtectionProvider here = hosts.Plain.Get<IDataProtectionProvider>();
        await using var elsewhere = new ServerHost();
        IDataProtector protector = which switch
        {
            "of another purpose" => here.CreateProtector("something else"),
            "of the session's scheme" => here.CreateProtector(Middleware, Credentials.Session, "v2"),
            "of an earlier version" => here.CreateProtector(Middleware, Credentials.SignedCookie, "v1"),
            "of another application name" => NamedElsewise().CreateProtector(Middleware, Credentials.SignedCookie, "v2"),
            "of another ring" => new EphemeralDataProtectionProvider().CreateProtector(Middleware, Credentials.SignedCookie, "v2"),
            "of another database" => elsewhere.Get<IDataProtectionProvider>().CreateProtector(Middleware, Credentials.SignedCookie, "v2"),
            _ => here.CreateProtector(Middleware, Credentials.SignedCookie, "v2"),
        };

        string cookie = $"{Names.SignedCookie}={new TicketDataFormat(protector).Protect(Ticket(which == "expired"))}";

        if (status == 200)
            (await client.MeByCookieAsync(cookie)).Should().Be(200, "so the others are made as good as they can be");
        else
            await ShouldBeRefusedAsync(cookie);
    }

    [Fact, Trait("row", "WEB-04")]
    public void Data_Protection_is_of_a_version_that_authenticates_what_it_opens()
    {
        string version = System.Diagnostics.FileVersionInfo.GetVersionInfo(typeof(KeyManagementOptions).Assembly.Location).ProductVersion!;

        Version.Parse(version.Split('+', '-')[0])
            .Should().BeGreaterThanOrEqualTo(new Version(10, 0, 7), "10.0.0 to 10.0.6 do not (CVE-2026-40372)");
    }

    private async Task<string> BeginAsync(string credential) => (await hosts.Plain.BeginCookieAsync(account, credential, "orders:read"))!;

    private static string Value(string pair) => pair[(pair.IndexOf('=') + 1)..];

    private async Task<string[]> ListAsync(string session) =>
    [
        .. (await client.AskAsync("GET", "/auth/sessions", null, ("Cookie", $"{Names.Session}={session}"))).Json.GetProperty("sessions")
            .EnumerateArray()
            .Select(item => item.GetProperty("sid").GetString()!),
    ];

    private async Task<Reply> ShouldBeRefusedAsync(string cookie)
    {
        Reply reply = await client.AskAsync("GET", "/me", null, ("Cookie", cookie));
        (reply.Status, reply.Header("WWW-Authenticate"), reply.Header("Set-Cookie")).Should().Be((401, "Bearer", ""), cookie);
        return reply;
    }

    private AuthenticationTicket Ticket(bool isExpired)
    {
        DateTimeOffset expiresAt = hosts.Plain.Time.GetUtcNow().AddMinutes(isExpired ? -1 : 10);
        Claim audience = new("aud", hosts.Plain.Issuer), history = new("history", hosts.Plain.Get<DatabaseStart>().Identity);
        return new AuthenticationTicket(
            AccountPrincipal.Of(Credentials.SignedCookie, account, ["orders:read"], expiresAt,
                [.. AccountPrincipal.Login(TokenIssuer.NewId(), account.Generation), audience, history]),
            new AuthenticationProperties { IsPersistent = true, ExpiresUtc = expiresAt },
            Credentials.SignedCookie);
    }

    private IDataProtectionProvider NamedElsewise()
    {
        var services = new ServiceCollection();
        services.AddDataProtection().SetApplicationName("JwtAuth2");
        services.Configure<KeyManagementOptions>(options => options.XmlRepository = hosts.Plain.Get<ProtectionKeys>());
        return services.BuildServiceProvider().GetRequiredService<IDataProtectionProvider>();
    }
}
