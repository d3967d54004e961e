using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.Sessions;

/// <summary>How long a session lasts.</summary>
/// <param name="Lifetime">How long after the login a session ends, however much it is used.</param>
/// <param name="IdleLifetime">How long after its last use a session ends.</param>
internal abstract record SessionLifetimes(TimeSpan Lifetime, TimeSpan IdleLifetime)
{
    /// <summary>When a session ends if it is not used again.</summary>
    public DateTimeOffset EndOf(DateTimeOffset absoluteEnd, DateTimeOffset lastUse) =>
        absoluteEnd < lastUse + IdleLifetime ? absoluteEnd : lastUse + IdleLifetime;

    protected static (TimeSpan Lifetime, TimeSpan Idle) Read(
        SettingValues values, string section, TimeSpan lifetimeOtherwise, TimeSpan idleOtherwise)
    {
        string idleKey = $"{section}:IdleLifetime";
        TimeSpan lifetime = values.Duration($"{section}:Lifetime", lifetimeOtherwise, TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650));
        TimeSpan idle = values.Duration(idleKey, idleOtherwise, TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650));
        if (idle > lifetime && values[idleKey] is not null)
            values.Fault(idleKey, $"is longer than JwtAuth:{section}:Lifetime", "shorten it: no session is idle for longer than it lives");
        return (lifetime, idle);
    }
}

/// <summary>Sessions of a cookie.</summary>
internal sealed record SessionSettings(TimeSpan Lifetime, TimeSpan IdleLifetime) : SessionLifetimes(Lifetime, IdleLifetime)
{
    public static SessionSettings Read(SettingValues values)
    {
        (TimeSpan lifetime, TimeSpan idle) = Read(values, "Sessions", TimeSpan.FromHours(12), TimeSpan.FromHours(1));
        return new SessionSettings(lifetime, idle);
    }
}

/// <summary>Sessions of refresh tokens.</summary>
/// <param name="Lifetime">How long after the login a session ends, however much it is used.</param>
/// <param name="IdleLifetime">How long after its last use a session ends.</param>
/// <param name="ReuseWindow">
/// How long after its use a refresh token still gets the same successor. At zero it never does, and a second use ends the session.
/// </param>
internal sealed record RefreshTokenSettings(TimeSpan Lifetime, TimeSpan IdleLifetime, TimeSpan ReuseWindow)
    : SessionLifetimes(Lifetime, IdleLifetime)
{
    public static RefreshTokenSettings Read(SettingValues values)
    {
        (TimeSpan lifetime, TimeSpan idle) = Read(values, "RefreshTokens", TimeSpan.FromDays(30), TimeSpan.FromDays(7));
        return new RefreshTokenSettings(
            lifetime, idle, values.Duration("RefreshTokens:ReuseWindow", TimeSpan.FromSeconds(10), TimeSpan.Zero, TimeSpan.FromMinutes(1)));
    }
}
