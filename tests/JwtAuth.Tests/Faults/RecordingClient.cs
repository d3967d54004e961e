using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Faults;

/// <summary>
/// A client with an account of its own that writes down what the service acknowledges. It asks one thing at a time, so that one thing at
/// most is in doubt when the service dies; that one must have happened whole or not at all.
/// </summary>
internal sealed class RecordingClient(string username, string issuer, Random random)
{
    private readonly List<RecordedSession> alive = [], over = [];
    private string password = ServerHost.Password;
    private int passwords, examined;
    private Step? inDoubt;

    public Dictionary<string, int> Counts { get; } = [];

    private sealed record Step(string Kind, string Method, string Path, object? Body, string? Bearer)
    {
        public int Status { get; init; } = 200;

        public IReadOnlyList<RecordedSession> Ends { get; init; } = [];

        public RecordedSession? Refreshes { get; init; }

        public RecordedSession? Revokes { get; init; }

        public string? NewPassword { get; init; }
    }

    public Task<Reply> RegisterAsync(HttpClient client) => client.RegisterAsync(username);

    /// <summary>Asks for one thing after the other until the service is gone.</summary>
    public async Task WorkAsync(HttpClient client, Action begun, Action acknowledged)
    {
        while (true)
        {
            Step step = Next();
            inDoubt = step;
            begun();
            Reply reply;
            try
            {
                reply = await AskAsync(client, step);
            }
            catch (HttpRequestException)
            {
                return;
            }
            reply.Status.Should().Be(step.Status, $"{username}: {step.Kind}, {reply.Body}");
            Acknowledge(step, reply);
            acknowledged();
        }
    }

    /// <summary>What was acknowledged holds.</summary>
    public async Task ExamineAsync(HttpClient client, bool hasWindow, bool wholly)
    {
        await SettleAsync(client, hasWindow);
        RecordedSession[] before = [.. over[..examined]];
        random.Shuffle(before);
        foreach (RecordedSession session in over[examined..].Concat(before.Take(wholly ? examined : 5)))
            await MustBeOverAsync(client, session);
        foreach (RecordedSession session in alive.ToList())
            await MustBeAliveAsync(client, session, hasWindow);
        examined = over.Count;
        if (Bearer() is not { } bearer)
            return;
        string list = (await client.AskAsync("GET", "/auth/sessions", null, Authorization(bearer))).Body;
        alive.Should().OnlyContain(session => list.Contains(session.SessionId, StringComparison.Ordinal), username);
        over.Should().NotContain(session => list.Contains(session.SessionId, StringComparison.Ordinal), username);
    }

    private Step Next()
    {
        int roll = random.Next(100);
        string? bearer = Bearer();
        if (alive.Count == 0 || (roll < 22 && alive.Count < 6))
            return LoginOf(password);
        RecordedSession session = alive[random.Next(alive.Count)];
        if (roll < 58 || bearer is null || session.AccessTokens.Count == 0)
            return new("refresh", "POST", "/auth/refresh", new { refresh_token = session.RefreshTokens[^1] }, null) { Refreshes = session };
        string own = session.AccessTokens[^1];
        RecordedSession[] others = [.. alive.Except([session])];
        return roll switch
        {
            < 66 => new("logout", "POST", "/auth/logout", null, own) { Ends = [session] },
            < 74 => new("deletion of a session", "DELETE", $"/auth/sessions/{session.SessionId}", null, bearer)
            {
                Status = 204,
                Ends = [session],
            },
            < 82 => new("revocation of a refresh token", "POST", "/auth/revoke", new { token = session.RefreshTokens[^1] }, bearer)
            {
                Ends = [session],
            },
            < 90 => new("revocation of an access token", "POST", "/auth/revoke", new { token = own }, own) { Revokes = session },
            < 93 => new("logout of others", "POST", "/auth/logout/others", null, own) { Ends = others },
            < 96 => new("logout everywhere", "POST", "/auth/logout/everywhere", null, own) { Ends = [.. alive] },
            _ => PasswordChange(own, others),
        };
    }

    private Step LoginOf(string secret) => new("login", "POST", "/auth/login",
        new { username, password = secret, audience = issuer, scope = "offline_access orders:read" }, null);

    private Step PasswordChange(string bearer, RecordedSession[] others)
    {
        string next = $"{ServerHost.Password}, {++passwords}";
        return new("change of the password", "POST", "/auth/password", new { current_password = password, new_password = next }, bearer)
        {
            Status = 204,
            Ends = others,
            NewPassword = next,
        };
    }

    private void Acknowledge(Step step, Reply reply)
    {
        inDoubt = null;
        Count(step.Kind);
        if (step.Kind == "login")
        {
            alive.Add(RecordedSession.Of(reply.Json.GetProperty("access_token").GetString()!));
            Keep(alive[^1], reply);
        }
        if (step.Refreshes is { } refreshed)
            Keep(refreshed, reply);
        if (step.Revokes is { } session)
        {
            session.Revoked.Add(session.AccessTokens[^1]);
            session.AccessTokens.RemoveAt(session.AccessTokens.Count - 1);
        }
        foreach (RecordedSession ended in step.Ends)
            End(ended);
        password = step.NewPassword ?? password;
    }

    // Either it happened or it did not, and to all that it would have ended alike.
    private async Task SettleAsync(HttpClient client, bool hasWindow)
    {
        if (inDoubt is not { } step)
            return;
        inDoubt = null;
        Count("in doubt");
        List<bool> fates = [];
        if (step.NewPassword is { } next)
        {
            bool isNew = (await AskAsync(client, LoginOf(next))).Status == 200;
            (await AskAsync(client, LoginOf(password))).Status.Should().Be(isNew ? 401 : 200, $"{username} has one password");
            password = isNew ? next : password;
            fates.Add(isNew);
        }
        foreach (RecordedSession session in step.Ends)
            fates.Add(await HasEndedAsync(client, session));
        fates.Distinct().Should().HaveCountLessThan(2, $"{username}: {step.Kind} happened whole or not at all");
        if (step.Refreshes is { } refreshed && await HasEndedAsync(client, refreshed, byReuse: true))
            hasWindow.Should().BeFalse($"{username}: a reply that was lost is given again");
        step.Revokes?.AccessTokens.RemoveAt(step.Revokes.AccessTokens.Count - 1);
    }

    private async Task<bool> HasEndedAsync(HttpClient client, RecordedSession session, bool byReuse = false)
    {
        int? me = session.AccessTokens.Count == 0 ? null : await MeAsync(client, session.AccessTokens[^1]);
        Reply reply = await RefreshAsync(client, session.RefreshTokens[^1]);
        reply.Status.Should().BeOneOf(200, 400);
        if (me is not null)
            me.Should().Be(reply.Status == 200 || byReuse ? 200 : 401, $"{username}: {session.SessionId} has ended whole or not at all");
        if (reply.Status == 200)
            Keep(session, reply);
        else
            End(session);
        return reply.Status == 400;
    }

    private async Task MustBeAliveAsync(HttpClient client, RecordedSession session, bool hasWindow)
    {
        if (session.AccessTokens.Count > 0)
            (await MeAsync(client, session.AccessTokens[^1])).Should().Be(200, $"{username}: {session.SessionId} was not ended");
        foreach (string revoked in session.Revoked)
            (await MeAsync(client, revoked)).Should().Be(401, $"{username}: an access token of {session.SessionId} was revoked");

        // A third is refreshed, a third is stolen from, a third both.
        int lot = random.Next(3);
        if (lot > 0)
        {
            Reply reply = await RefreshAsync(client, session.RefreshTokens[^1]);
            reply.Status.Should().Be(
                200, $"{username}: the rotation of {session.SessionId} was acknowledged {session.RefreshTokens.Count - 1} times");
            Keep(session, reply);
            Count("present tokens taken");
        }
        if (lot < 2 && session.UsedUp(hasWindow) is { } used)
        {
            (await RefreshAsync(client, used)).Status.Should().Be(400, $"{username}: {session.SessionId} was refreshed with this one");
            Count("used tokens refused");
            End(session);
            await MustBeOverAsync(client, session);
        }
    }

    private async Task MustBeOverAsync(HttpClient client, RecordedSession session)
    {
        foreach (string token in session.RefreshTokens.TakeLast(3))
            (await RefreshAsync(client, token)).Code.Should().Be("invalid_grant", $"{username}: {session.SessionId} was ended");
        foreach (string token in session.AccessTokens.TakeLast(3).Concat(session.Revoked))
            (await MeAsync(client, token)).Should().Be(401, $"{username}: {session.SessionId} was ended");
        Count("ended sessions refused");
    }

    private static void Keep(RecordedSession session, Reply reply)
    {
        session.AccessTokens.Add(reply.Json.GetProperty("access_token").GetString()!);
        session.RefreshTokens.Add(reply.Json.GetProperty("refresh_token").GetString()!);
    }

    private void End(RecordedSession session)
    {
        alive.Remove(session).Should().BeTrue();
        over.Add(session);
    }

    private string? Bearer() => alive.SelectMany(session => session.AccessTokens).LastOrDefault();

    private void Count(string kind) => Counts[kind] = Counts.GetValueOrDefault(kind) + 1;

    private static Task<Reply> RefreshAsync(HttpClient client, string token) =>
        client.AskAsync("POST", "/auth/refresh", new { refresh_token = token });

    private static async Task<int> MeAsync(HttpClient client, string token) =>
        (await client.AskAsync("GET", "/me", null, Authorization(token))).Status;

    private static Task<Reply> AskAsync(HttpClient client, Step step) =>
        client.AskAsync(step.Method, step.Path, step.Body, step.Bearer is null ? [] : [Authorization(step.Bearer)]);

    private static (string Name, string Value) Authorization(string bearer) => ("Authorization", $"Bearer {bearer}");
}
