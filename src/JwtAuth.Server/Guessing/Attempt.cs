using System.Net;

namespace JwtAuth.Server.Guessing;

/// <summary>Somebody tries a password.</summary>
/// <param name="Account">The name as it was sent, normalized. It need not exist.</param>
/// <param name="Address">Where the attempt comes from.</param>
/// <param name="Device">
/// Identifies a browser in which the owner of this very account has logged in before; <see langword="null"/> for everybody else.
/// </param>
internal readonly record struct Guess(string Account, IPAddress? Address, string? Device = null);

/// <summary>An attempt that was taken, or waits for its turn. It stays counted, unless it is withdrawn or succeeds.</summary>
/// <param name="guess">Who tries.</param>
/// <param name="keys">Under which names it counts.</param>
internal sealed class Attempt(Guess guess, GuessKeys keys)
{
    public Guess Guess => guess;

    public GuessKeys Keys => keys;

    /// <summary>The names, as other processes know them.</summary>
    public string Names => keys.ToString();

    /// <summary>Whether it is counted here.</summary>
    public bool IsEntered { get; set; }

    /// <summary>Whether other processes are told of it, or will be in this turn.</summary>
    public bool IsWritten { get; set; }

    /// <summary>How long it must wait, or should have waited; <see langword="null"/> if it may be made.</summary>
    public TimeSpan? Refusal { get; set; }
}

/// <summary>The names under which a guess counts.</summary>
/// <param name="Account">The account; <see langword="null"/> if it comes from where the owner is known.</param>
/// <param name="Pair">The account and where it comes from.</param>
/// <param name="Failures">The account and the widest network.</param>
/// <param name="Network">The networks.</param>
internal readonly record struct GuessKeys(string? Account, string Pair, string Failures, Network Network)
{
    private const string None = "-";

    public override string ToString() =>
        $"{Account ?? None} {Pair} {Failures} {Network.Narrow} {Network.Middle} {Network.Wide}";

    public static GuessKeys? Parse(string names) =>
        names.Split(' ') is [var account, var pair, var failures, var narrow, var middle, var wide]
            ? new(account == None ? null : account, pair, failures, new Network(narrow, middle, wide)) : null;
}
