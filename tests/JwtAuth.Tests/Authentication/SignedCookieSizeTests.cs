using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Authentication;

/// <summary>A browser drops a cookie of more than 4096 bytes without a word (RFC 6265 §6.1), so none is issued.</summary>
public sealed class SignedCookieSizeTests : IAsyncLifetime
{
    private const int Longest = 4096;

    private readonly ServerHost host = Production.Host()
        .With("JwtAuth:SignedCookies:Enabled", "true")
        .With("JwtAuth:Issuer", $"https://{string.Join('.', Enumerable.Repeat("department", 12))}.example.com");
    private readonly string username = $"{new string('\'', 64)}@{new string('d', 63)}.{new string('d', 63)}.{new string('d', 61)}";

    public async ValueTask InitializeAsync()
    {
        foreach (string scope in Scopes)
            host.With($"JwtAuth:Scopes:{scope}", "");
        await host.AddAccountAsync("nobody");
        await host.AddAccountAsync(username, [.. Enumerable.Range(0, 32).Select(number => $"role-{number}".PadRight(32, 'r'))]);
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_cookie_that_is_issued_fits_into_a_browser_however_many_roles_and_scopes_it_says(bool hasRoles, bool isLongestFirst)
    {
        using var browser = new Browser(host.ConnectByProxy(), origin: null, hasRoles ? username : "nobody");
        string[] scopes = isLongestFirst ? [.. Scopes.Reverse()] : Scopes;
        int granted = 0, refused = scopes.Length + 1;
        while (refused - granted > 1)
        {
            int count = (granted + refused) / 2;
            Reply reply = await browser.LogInAsync("signed_cookie", string.Join(' ', scopes.Take(count)));
            if (reply.Status == 200)
            {
                granted = count;
                Browser.Written(reply).Single().Length.Should().BeLessThanOrEqualTo(Longest);
                (await browser.MeAsync()).Should().Be(200);
                Reply another = await browser.AskAsync("POST", "/auth/logout/others");
                Browser.Written(another).Single().Length.Should().BeLessThanOrEqualTo(Longest);
                (await browser.MeAsync()).Should().Be(200);
            }
            else
            {
                refused = count;
                (reply.Status, reply.Code, reply.Header("Set-Cookie")).Should().Be((400, "invalid_scope", ""));
            }
        }
        granted.Should().BeGreaterThan(hasRoles ? 5 : 15, "it holds what people use");
        refused.Should().BeLessThanOrEqualTo(scopes.Length, "the bound was reached");
    }

    [Fact]
    public async Task A_login_that_is_told_to_ask_for_less_has_ended_nothing_and_a_session_holds_any_number()
    {
        using var browser = new Browser(host.ConnectByProxy());
        await host.AddAccountAsync("alice");
        string all = string.Join(' ', Scopes);
        (await browser.LogInAsync("session", all)).Json.GetProperty("scope").GetString().Should().Be(all);

        (await browser.LogInAsync("signed_cookie", all)).Status.Should().Be(400);

        (await browser.AskAsync("GET", "/me")).Json.GetProperty("scheme").GetString().Should().Be("session");
        (await host.AskStoreAsync((Db db) => Task.FromResult(db.Sessions.Count()))).Should().Be(1);
    }

    // As many characters of names as a configuration may have, nearly: many short ones, some longer, a few of the longest.
    private static readonly string[] Scopes =
    [
        .. Enumerable.Range(0, 200).Select(number => Scope(number, 3)), .. Enumerable.Range(0, 40).Select(number => Scope(number, 16)),
        .. Enumerable.Range(0, 8).Select(number => Scope(number, 64)),
    ];

    private static string Scope(int number, int length) => $"{number:x2}".PadLeft(3, 's').PadRight(length, 's');
}
