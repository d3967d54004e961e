using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Revocation;

/// <summary>
/// A row of the table of docs/revocation.md. Of each login first the access token, then the refresh token: ● ends, ○ lives.
/// </summary>
/// <param name="Event">The row's name in the page.</param>
/// <param name="Calling">The session that calls, or that it happens to.</param>
/// <param name="Other">Another session of the same account.</param>
/// <param name="WithoutSession">A login of the account that has only an access token.</param>
/// <param name="Stranger">Another account's session.</param>
/// <param name="Cookies">
/// Of the account too: the cookie of the session that calls by it, or that it happens to; that of another session; a signed cookie.
/// </param>
/// <param name="Lasting">
/// Of the account too: a personal access token; an access token that was made from it; name and password by HTTP Basic.
/// </param>
/// <param name="HappensAsync">Over HTTP; the reply must be a success.</param>
/// <param name="PasswordAfterwards">What the account logs in with afterwards; <see langword="null"/> where it cannot.</param>
internal sealed record Row(
    string Event, string Calling, string Other, string WithoutSession, string Stranger, string Cookies, string Lasting,
    Func<AccountCredentials, Task<Reply>> HappensAsync, string? PasswordAfterwards = ServerHost.Password)
{
    private const string NewPassword = "the lamp by the window";

    public static IReadOnlyList<Row> All { get; } =
    [
        //   event                             calling other  alone stranger cookies lasting
        new("logout",                            "●●", "○○", "○", "○○", "○○○", "○○○", credentials =>
            credentials.CallAsync("POST", "/auth/logout")),
        new("logout by a session's cookie",      "○○", "○○", "○", "○○", "●○○", "○○○", credentials =>
            credentials.CallByCookieAsync(credentials.Session, "POST", "/auth/logout")),
        new("logout by a signed cookie",         "○○", "○○", "○", "○○", "○○○", "○○○", credentials =>
            credentials.CallByCookieAsync(credentials.Signed, "POST", "/auth/logout")),
        new("logout others",                     "○○", "●●", "●", "○○", "●●●", "○●○", credentials =>
            credentials.CallAsync("POST", "/auth/logout/others")),
        new("logout everywhere",                 "●●", "●●", "●", "○○", "●●●", "○●○", credentials =>
            credentials.CallAsync("POST", "/auth/logout/everywhere")),
        new("logout by an administrator",        "●●", "●●", "●", "○○", "●●●", "○●○", credentials =>
            credentials.AdministerAsync("POST", "/logout")),
        new("session deleted from the list",     "○○", "●●", "○", "○○", "○●○", "○○○", async credentials =>
        {
            (await credentials.CallAsync("DELETE", $"/auth/sessions/{await credentials.SessionIdOfAsync(credentials.OtherSession)}")).Status
                .Should().Be(204);
            return await credentials.CallAsync("DELETE", $"/auth/sessions/{credentials.Other.SessionId}");
        }),
        new("access token revoked",              "●○", "○○", "○", "○○", "○○○", "○○○", credentials =>
            credentials.CallAsync("POST", "/auth/revoke")),
        new("refresh token revoked",             "○○", "●●", "○", "○○", "○○○", "○○○", credentials =>
            credentials.CallAsync("POST", "/auth/revoke", new { token = credentials.Other.RefreshToken })),
        new("refresh reuse detected",            "●●", "○○", "○", "○○", "○○○", "○○○", credentials => credentials.ReuseAsync()),
        new("password changed by its owner",     "○○", "●●", "●", "○○", "●●●", "●●●",
            credentials => credentials.CallAsync("POST", "/auth/password", new
            {
                current_password = ServerHost.Password,
                new_password = NewPassword,
            }), NewPassword),
        new("password reset by an administrator", "●●", "●●", "●", "○○", "●●●", "●●●", credentials =>
            credentials.AdministerAsync("POST", "/password", new { new_password = NewPassword }), NewPassword),
        new("user disabled",                     "●●", "●●", "●", "○○", "●●●", "●●●", credentials =>
            credentials.AdministerAsync("POST", "/disable"), PasswordAfterwards: null),
        new("user enabled again",                "●●", "●●", "●", "○○", "●●●", "●●○", async credentials =>
        {
            (await credentials.AdministerAsync("POST", "/disable")).Status.Should().Be(204);
            return await credentials.AdministerAsync("POST", "/enable");
        }),
        new("user deleted",                      "●●", "●●", "●", "○○", "●●●", "●●●", credentials =>
            credentials.AdministerAsync("DELETE", ""), PasswordAfterwards: null),
        new("role taken away",                   "●○", "●○", "●", "○○", "○○●", "○●○", credentials =>
            credentials.AdministerAsync("DELETE", "/roles/clerk")),
        new("role given",                        "○○", "○○", "○", "○○", "○○○", "○○○", credentials =>
            credentials.AdministerAsync("PUT", "/roles/auditor")),
        new("personal access token deleted",     "○○", "○○", "○", "○○", "○○○", "●●○", credentials =>
            credentials.CallAsync("DELETE", $"/auth/tokens/{credentials.PersonalAccessToken.Id}")),
        new("key retired",                       "○○", "○○", "○", "○○", "○○○", "○○○", credentials =>
            credentials.ChangeKeyAsync((schedule, ring, keyId) => schedule.Retire(ring, keyId))),
        new(KeyRevoked,                          "●○", "●○", "●", "●○", "○○○", "○●○", credentials =>
            credentials.ChangeKeyAsync((schedule, ring, keyId) => schedule.Revoke(ring, keyId))),
    ];

    /// <summary>The one event that a check without denials hears of, by the keys.</summary>
    public const string KeyRevoked = "key revoked";

    public bool EndsAccessTokens => $"{Calling[0]}{Other[0]}{WithoutSession[0]}{Lasting[1]}".Contains('●', StringComparison.Ordinal);

    public bool EndsSessions => Cookies[..2].Contains('●', StringComparison.Ordinal);

    public bool EndsSignedCookies => Cookies[2] == '●';

    public bool EndsPersonalAccessTokens => Lasting[0] == '●';

    public bool EndsBasic => Lasting[2] == '●';

    public bool EndsRefreshTokens => $"{Calling[1]}{Other[1]}".Contains('●', StringComparison.Ordinal);

    public override string ToString() => Event;
}
