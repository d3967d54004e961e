using System.Net;

namespace JwtAuth.Server.Guessing;

/// <summary>
/// Slows down a network that makes many accounts, or asks which names are taken. The two are counted apart, so that somebody who looks for
/// a free name can still have it. All processes count together.
/// </summary>
internal sealed class RegistrationLimit
{
    private const string Made = "registration", Taken = "taken name";

    private readonly AttemptLog log;
    private readonly NetworkLimit made, taken;

    public RegistrationLimit(AttemptLog log, AttemptNames names, TimeProvider time)
    {
        this.log = log;
        made = new NetworkLimit(names, time, free: 60, forgetOneEvery: TimeSpan.FromSeconds(30));
        taken = new NetworkLimit(names, time, free: 60, forgetOneEvery: TimeSpan.FromSeconds(6));
        log.Follow(Made, made);
        log.Follow(Taken, taken);
    }

    /// <summary>Counts an account as made before it is, or tells how long that network must wait.</summary>
    public async Task<TimeSpan?> EnterAsync(IPAddress? address)
    {
        if (taken.IsPressed(address))
            await log.ReadAsync();
        return taken.WaitOf(address) ?? await log.EnterAsync(made, Made, address);
    }

    /// <summary>The account was not made, because bcrypt was busy.</summary>
    public void Withdraw(IPAddress? address)
    {
        made.Withdraw(address);
        _ = log.WriteAsync(Made, made.NamesOf(address), isTakenBack: true);
    }

    /// <summary>The account was not made, and a stranger has learned that the name is taken.</summary>
    public Task FindTakenAsync(IPAddress? address)
    {
        Withdraw(address);
        return log.EnterAsync(taken, Taken, address);
    }
}
