using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.Guessing;

/// <summary>Admission to what is slow on purpose.</summary>
/// <param name="MaxConcurrentHashes">At once.</param>
/// <param name="QueueLimit">Waiting.</param>
/// <param name="MaxQueueWait">How long.</param>
internal sealed record HashingSettings(int MaxConcurrentHashes, int QueueLimit, TimeSpan MaxQueueWait)
{
    public static HashingSettings Read(SettingValues values) => new(
        values.Number("Passwords:MaxConcurrentHashes", Environment.ProcessorCount, 1, 1024),
        values.Number("Passwords:QueueLimit", 100, 0, 10_000),
        values.Duration("Passwords:MaxQueueWait", TimeSpan.FromSeconds(10), TimeSpan.Zero, TimeSpan.FromMinutes(1)));
}
