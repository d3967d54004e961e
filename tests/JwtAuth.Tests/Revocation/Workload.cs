using System.Diagnostics;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Denials;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;
using JwtAuth.Server.Storage;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Tests.Revocation;

/// <summary>What a tenth of the day has left behind.</summary>
internal sealed record Figures(int SessionRows, int DenialRows, int Denylist, long Heap, long Resident);

/// <summary>What people do all day: a login for each logout, and refreshes in between. Each result is looked at once.</summary>
internal sealed class Workload(ModelRun run, Random random)
{
    private const int Accounts = 50;
    private const int Sessions = 300;
    private const string Audience = "orders";

    private static readonly Device Device = new("192.0.2.1", "a test");

    private readonly List<AccountSnapshot> accounts = [];
    private readonly List<Held> living = [];
    private readonly List<DateTimeOffset> forgetAt = [];

    public int LivingSessions => living.Count;

    public int Revoked { get; private set; }

    public async Task OperateAsync()
    {
        if (accounts.Count < Accounts)
            accounts.Add((await run.AskAsync((AccountStore store) => store.AddAsync($"account-{accounts.Count}", "no hash")))!);
        switch (random.Next(100))
        {
            case < 25 when living.Count < Sessions:
                await BeginAsync();
                break;
            case < 75 when living.Count > 0:
                await RefreshAsync(random.Next(living.Count));
                break;
            case < 80 when living.Count > 0:
                await RevokeAsync(living[random.Next(living.Count)]);
                break;
            default:
                if (living.Count > 0)
                    await LogOutAsync(random.Next(living.Count));
                break;
        }
    }

    /// <summary>Denials of this day that have to be there now, or had to be a while ago.</summary>
    public int NeededDenials(TimeSpan ago)
    {
        DateTimeOffset then = run.Time.GetUtcNow() - ago;
        return forgetAt.Count(moment => moment > then);
    }

    public async Task<Figures> MeasureAsync()
    {
        DateTimeOffset longAgo = run.Time.GetUtcNow() - TimeSpan.FromMinutes(2);
        forgetAt.RemoveAll(moment => moment < longAgo);
        (int sessions, int denials) = await run.AskAsync(async (Db db) => (await db.Sessions.CountAsync(), await db.Denials.CountAsync()));
        using var process = Process.GetCurrentProcess();
        return new Figures(
            sessions, denials, run.Get<DenialTail>().Denylist.Count, GC.GetTotalMemory(forceFullCollection: true), process.WorkingSet64);
    }

    private async Task BeginAsync()
    {
        AccountSnapshot account = accounts[random.Next(accounts.Count)];
        Rotation.Successor begun =
            (await run.AskAsync((RefreshTokenStore store) => store.BeginAsync(account, Audience, [], Device, replaces: null)))!;
        living.Add(await IssueAsync(begun));
    }

    private async Task RefreshAsync(int which)
    {
        Held held = living[which];
        Rotation rotation = await run.AskAsync(
            (RefreshTokenUses store) => store.RotateAsync(new RefreshToken(held.SessionId, held.Counter), Device, isSharedByTabs: false));
        living[which] = await IssueAsync(rotation.Should().BeOfType<Rotation.Successor>().Subject);
    }

    private async Task RevokeAsync(Held held)
    {
        if (!await IsTakenAsync(held))
            return;
        (await run.AskAsync((SessionStore store) =>
            store.EndTokenAsync(new Caller(held.Claims.Subject, held.Claims.Generation, held.Claims.SessionId, held.Claims), held.Claims)))
            .Should().NotBeNull();
        forgetAt.Add(DenialRetention.ForgetAfter(held.Claims.ExpiresAt));
        (await IsTakenAsync(held)).Should().BeFalse();
        Revoked++;
    }

    // By the session, as its refresh cookie does: its access token may have expired or been revoked.
    private async Task LogOutAsync(int which)
    {
        Held held = living[which];
        var caller = new Caller(held.Claims.Subject, held.Claims.Generation, held.SessionId, Token: null);
        (await run.AskAsync((SessionStore store) => store.EndOwnAsync(caller)))!.RefreshTokens.Should().Be(1);
        forgetAt.Add(DenialRetention.ForgetAfter(held.Claims.ExpiresAt));
        (await IsTakenAsync(held)).Should().BeFalse();
        (await run.AskAsync((RefreshTokenUses store) => store.FindAliveAsync(new RefreshToken(held.SessionId, held.Counter))))
            .Should().BeNull();
        living[which] = living[^1];
        living.RemoveAt(living.Count - 1);
    }

    private async Task<Held> IssueAsync(Rotation.Successor session)
    {
        string text = run.Get<TokenIssuer>()
            .Issue(Grant.To(session.Account, session.Session.Audience, [], session.Session.SessionId), session.At).Value;
        (AccessToken? accepted, _) = await run.Get<TokenValidator>().ValidateAsync(text);
        accepted.Should().NotBeNull();
        return new Held(session.Session.SessionId, session.Token.Counter, text, accepted!);
    }

    private async Task<bool> IsTakenAsync(Held held) => (await run.Get<TokenValidator>().ValidateAsync(held.Text)).Accepted is not null;

    private sealed record Held(string SessionId, long Counter, string Text, AccessToken Claims);
}
