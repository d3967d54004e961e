using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Sessions;

/// <summary>A logout by an access token, in a browser whose cookie belongs to another login.</summary>
public sealed class OtherCookieTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cookie_that_a_logout_takes_away_leaves_no_session_behind_and_a_strangers_page_takes_none_away(bool isAskedByOurs)
    {
        await using var host = new ServerHost();
        await host.AddAccountAsync("alice");
        using HttpClient client = host.Connect();
        using CookieClient page = new(host.Connect(), host.Issuer, "alice");
        await page.LogInAsync();
        string copy = page.Cookie!;
        Tokens bearer = await client.BeginAsync("alice");

        Reply logout = await page.AskAsAsync(
            isAskedByOurs ? host.Issuer : null, "POST", "/auth/logout", null, ("Authorization", $"Bearer {bearer.Access}"));

        (logout.Status, page.Cookie is null).Should().Be((200, isAskedByOurs));
        (await client.RefreshAsync(bearer.Refresh)).ShouldBeInvalidGrant();
        page.Cookie = copy;
        (await page.RefreshAsync()).Status.Should().Be(isAskedByOurs ? 400 : 200);
        (await page.IsAcceptedAsync()).Should().Be(!isAskedByOurs);
    }
}
