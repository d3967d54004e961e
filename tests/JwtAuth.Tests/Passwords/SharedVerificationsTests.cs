using System.Net;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Logins;
using JwtAuth.Server.Passwords;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Passwords;

public sealed class SharedVerificationsTests
{
    private static readonly IPAddress Here = IPAddress.Parse("192.0.2.7"), There = IPAddress.Parse("198.51.100.7");
    private static readonly Password Right = new("a quiet harbour at dawn");

    private readonly ManualTime time = new();
    private readonly GuessingLimit limit;
    private readonly SharedVerifications shared;
    private readonly TaskCompletionSource<PasswordResult> bcrypt = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int verified;
    private CancellationToken abandoned;

    public SharedVerificationsTests()
    {
        limit = new GuessingLimit(new KnownNetworks(new MacKey(new byte[32]), time), new AttemptNames(new MacKey(new byte[32])), time);
        shared = new SharedVerifications(limit, new SharedGuesses(limit, log: null));
    }

    [Fact]
    public async Task Many_who_send_one_pair_at_once_share_one_verification_and_one_attempt_wherever_they_are()
    {
        Task<PasswordResult>[] all = [.. Enumerable.Range(0, 200).Select(number => VerifyAsync(number % 2 == 0 ? Here : There))];
        all.Should().OnlyContain(one => !one.IsCompleted);

        bcrypt.SetResult(new PasswordResult.Verified(new Login(Accounts.Snapshot("a subject"), Login.ByPassword, time.GetUtcNow())));

        foreach (Task<PasswordResult> one in all)
            (await one).Should().BeOfType<PasswordResult.Verified>();
        verified.Should().Be(1);
        (await VerifyAsync(Here)).Should().BeOfType<PasswordResult.Verified>();
        verified.Should().Be(2, "what is over is shared with nobody");
    }

    [Fact]
    public async Task Another_password_and_another_name_are_verifications_of_their_own()
    {
        Task<PasswordResult>[] all =
            [VerifyAsync(Here), VerifyAsync(Here, "ALICE", new Password("another")), VerifyAsync(Here, "BOB"), VerifyAsync(Here)];
        verified.Should().Be(3);

        bcrypt.SetResult(new PasswordResult.Refused());

        foreach (Task<PasswordResult> one in all)
            (await one).Should().BeOfType<PasswordResult.Refused>();
    }

    [Fact]
    public async Task Whoever_has_to_wait_learns_nothing_by_joining_another_networks_verification()
    {
        for (int guess = 0; guess < 5; guess++)
            limit.Enter(new Guess("ALICE", There), out TimeSpan _);
        Task<PasswordResult> owner = VerifyAsync(Here), owner2 = VerifyAsync(Here);

        (await VerifyAsync(There).WaitAsync(Patience.Limit, TestContext.Current.CancellationToken))
            .Should().BeOfType<PasswordResult.TooManyAttempts>();

        bcrypt.SetResult(new PasswordResult.Refused());
        foreach (Task<PasswordResult> one in (Task<PasswordResult>[])[owner, owner2])
            (await one).Should().BeOfType<PasswordResult.Refused>();
    }

    [Fact]
    public async Task A_verification_goes_on_as_long_as_one_waits_and_ends_with_the_last_one()
    {
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        Task<PasswordResult> leader = VerifyAsync(Here, gone: first.Token), follower = VerifyAsync(Here, gone: second.Token);

        await first.CancelAsync();
        await leader.Awaiting(one => one).Should().ThrowAsync<OperationCanceledException>();
        abandoned.IsCancellationRequested.Should().BeFalse("somebody waits for it");
        await second.CancelAsync();
        await follower.Awaiting(one => one).Should().ThrowAsync<OperationCanceledException>();

        abandoned.IsCancellationRequested.Should().BeTrue();
        Task<PasswordResult> next = VerifyAsync(Here);
        verified.Should().Be(2, "nobody joins what was given up");
        bcrypt.SetResult(new PasswordResult.Refused());
        (await next).Should().BeOfType<PasswordResult.Refused>();
    }

    [Fact]
    public async Task A_verification_that_fails_fails_for_all_who_share_it_and_for_nobody_after()
    {
        Task<PasswordResult> first = VerifyAsync(Here), second = VerifyAsync(Here);
        bcrypt.SetException(new IOException("the store"));

        await first.Awaiting(one => one).Should().ThrowAsync<IOException>();
        await second.Awaiting(one => one).Should().ThrowAsync<IOException>();
        (await shared.VerifyAsync(new Guess("ALICE", Here), Right, (_, _) => Task.FromResult<PasswordResult>(new PasswordResult.Refused()),
            TestContext.Current.CancellationToken)).Should().BeOfType<PasswordResult.Refused>();
    }

    [Fact]
    public async Task The_password_is_not_kept_while_it_is_verified()
    {
        Task<PasswordResult> one = VerifyAsync(Here);

        List<string> held = [.. HeldTexts.In(shared)];

        held.Should().Contain("ALICE", "the search finds what is there");
        held.Should().NotContain(text => text.Contains(Right.Reveal()));
        bcrypt.SetResult(new PasswordResult.Refused());
        await one;
    }

    private Task<PasswordResult> VerifyAsync(
        IPAddress address, string name = "ALICE", Password? password = null, CancellationToken? gone = null) =>
        shared.VerifyAsync(new Guess(name, address), password ?? Right, (_, signal) =>
        {
            verified++;
            abandoned = signal;
            return bcrypt.Task.WaitAsync(signal);
        }, gone ?? TestContext.Current.CancellationToken);
}
