using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.Guessing;

/// <summary>Limits for work that is slow on purpose.</summary>
/// <param name="MaxConcurrentHashes">How many hash at once.</param>
/// <param name="QueueLimit">How many may wait.</param>
/// <param name="MaxQueueWait">How long one may wait.</param>
internal sealed record HashingSettings(int MaxConcurrentHashes, int QueueLimit, TimeSpan MaxQueueWait)
{
    public static HashingSettings Read(SettingValues values) => new(
        values.Number("Passwords:MaxConcurrentHashes", Environment.ProcessorCount, 1, 1024),
        values.Number("Passwords:QueueLimit", 100, 0, 10_000),
        values.Duration("Passwords:MaxQueueWait", TimeSpan.FromSeconds(10), TimeSpan.Zero, TimeSpan.FromMinutes(1)));
}
