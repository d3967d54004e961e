using System.Net;

namespace JwtAuth.Server.Guessing;

/// <summary>
/// Slows down a network that makes many accounts, or asks which names are taken. The two are counted apart, so that somebody who looks for
/// a free name can still have it.
/// </summary>
internal sealed class RegistrationLimit(TimeProvider time)
{
    private readonly NetworkLimit made = new(time, free: 60, forgetOneEvery: TimeSpan.FromSeconds(30));
    private readonly NetworkLimit taken = new(time, free: 60, forgetOneEvery: TimeSpan.FromSeconds(6));

    /// <summary>Counts an account as made before it is, or tells how long that network must wait.</summary>
    public TimeSpan? Enter(IPAddress? address) => taken.WaitOf(address) ?? made.Enter(address);

    /// <summary>The account was not made, because bcrypt was busy.</summary>
    public void Withdraw(IPAddress? address) => made.Withdraw(address);

    /// <summary>The account was not made, and a stranger has learned that the name is taken.</summary>
    public void FindTaken(IPAddress? address)
    {
        made.Withdraw(address);
        taken.Enter(address);
    }
}
