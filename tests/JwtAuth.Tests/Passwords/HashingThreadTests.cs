using System.Net;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Passwords;
using Microsoft.AspNetCore.Identity;

namespace JwtAuth.Tests.Passwords;

/// <summary>Hashes are computed beside the pool, so that what checks a token does not wait for them.</summary>
public sealed class HashingThreadTests
{
    [Fact]
    public async Task It_computes_on_a_thread_that_is_not_of_the_pool() =>
        (await HashingThread.RunAsync(() => Thread.CurrentThread.IsThreadPoolThread)).Should().BeFalse();

    [Fact]
    public async Task A_fault_reaches_whoever_waits()
    {
        Func<Task> failing = () => HashingThread.RunAsync<int>(() => throw new InvalidOperationException("as expected"));

        await failing.Should().ThrowAsync<InvalidOperationException>().WithMessage("as expected");
    }

    [Fact]
    public async Task A_password_is_verified_and_a_new_one_hashed_while_the_caller_goes_on()
    {
        var limits = new HashingSettings(MaxConcurrentHashes: 1, QueueLimit: 10, TimeSpan.FromMinutes(2));
        var settings = new PasswordSettings(WorkFactor: 10, MinimumLength: 12);
        var hasher = new PasswordHasher(settings, new HashingGate(limits, TimeProvider.System));
        string hash = (await hasher.HashAsync(new Password("a quiet harbour at dawn"), IPAddress.Loopback, CancellationToken.None))!;

        Task<(bool IsRight, string? Renewed)?> right =
            hasher.VerifyAsync(new Password("a quiet harbour at dawn"), hash, mayRenew: true, IPAddress.Loopback, CancellationToken.None);
        Task<string?> another = hasher.HashAsync(new Password("another harbour"), IPAddress.Loopback, CancellationToken.None);

        (right.IsCompleted && another.IsCompleted).Should().BeFalse("both take a while, and nobody has waited for them yet");
        (await right).Should().Be(((bool, string?))(true, null));
        hasher.Verify("another harbour", await another).Should().Be(PasswordVerificationResult.Success);
        (await hasher.VerifyAsync(
            new Password("a wrong one at dawn"), hash, mayRenew: true, IPAddress.Loopback, CancellationToken.None))
            .Should().Be(((bool, string?))(false, null));
    }
}
