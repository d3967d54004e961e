using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.Passwords;

/// <param name="WorkFactor">The work factor of bcrypt: the binary logarithm of the number of rounds.</param>
/// <param name="MinimumLength">The minimum length of a new password, in characters.</param>
internal sealed record PasswordSettings(int WorkFactor, int MinimumLength)
{
    public const int LowestWorkFactor = 10, HighestWorkFactor = 14;

    public static PasswordSettings Read(SettingValues values) => new(
        values.Number("Passwords:WorkFactor", 12, LowestWorkFactor, HighestWorkFactor),
        values.Number("Passwords:MinimumLength", 12, 8, 64));
}

/// <param name="IsOpen">Whether strangers may make accounts.</param>
internal sealed record RegistrationSettings(bool IsOpen)
{
    public static RegistrationSettings Read(SettingValues values) => new(values.Flag("Registration:Open", values.IsDevelopment));
}
