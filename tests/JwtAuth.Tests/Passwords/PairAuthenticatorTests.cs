using System.Net;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Passwords;
using JwtAuth.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Passwords;

/// <summary>
/// What happens while bcrypt is at work: one place there, and room for one to wait for it. Whoever needs it a
/// second time is told that it is busy.
/// </summary>
public sealed class PairAuthenticatorTests(PairAuthenticatorTests.Fixture fixture)
    : IClassFixture<PairAuthenticatorTests.Fixture>, IAsyncDisposable
{
    private const string Changed = "the lamp by the window";

    private readonly ServerHost host = fixture.Host;
    private readonly string name = $"user-{Guid.NewGuid():N}";
    private readonly List<AsyncServiceScope> scopes = [];

    [Fact, Trait("row", "PAT-11")]
    public async Task Sixty_four_at_once_with_the_same_right_pair_cost_one_verification_and_no_guess()
    {
        AccountSnapshot account = await host.AddAccountAsync(name);
        IDisposable hashing = await HoldHashingAsync();
        List<Task<PasswordResult>> racers =
            [.. Enumerable.Range(0, 64).Select(racer => CheckAsync(racer % 2 == 0 ? name : name.ToUpperInvariant()))];
        racers.Should().OnlyContain(racer => !racer.IsCompleted, "all of them wait for the one");

        hashing.Dispose();

        foreach (Task<PasswordResult> racer in racers)
            (await racer).Should().BeOfType<PasswordResult.Verified>().Which.Account.Subject.Should().Be(account.Subject);
        Logged($"Account {account.Subject} verified").Should().Be(1);
        for (int guess = 0; guess < 5; guess++)
            (await CheckAsync(name, Changed)).Should().BeOfType<PasswordResult.Refused>("none of them was counted");
        (await CheckAsync(name, Changed)).Should().BeOfType<PasswordResult.TooManyAttempts>();
    }

    [Fact, Trait("row", "PAT-10")]
    public async Task Sixty_four_at_once_with_the_same_wrong_pair_are_one_guess_and_it_is_not_remembered()
    {
        await host.AddAccountAsync(name);
        IDisposable hashing = await HoldHashingAsync();
        List<Task<PasswordResult>> racers = [.. Enumerable.Range(0, 64).Select(_ => CheckAsync(name, Changed))];
        int remembered = host.Get<VerifiedPairs>().Count;

        hashing.Dispose();

        foreach (Task<PasswordResult> racer in racers)
            (await racer).Should().BeOfType<PasswordResult.Refused>();
        host.Get<VerifiedPairs>().Count.Should().Be(remembered);
        for (int guess = 1; guess < 5; guess++)
            (await CheckAsync(name, Changed)).Should().BeOfType<PasswordResult.Refused>();
        (await CheckAsync(name, Changed)).Should().BeOfType<PasswordResult.TooManyAttempts>("each of the others was a guess");
    }

    [Fact]
    public async Task Who_goes_away_leaves_the_others_the_verification_that_it_began()
    {
        await host.AddAccountAsync(name);
        IDisposable hashing = await HoldHashingAsync();
        using var gone = new CancellationTokenSource();
        Task<PasswordResult> leader = CheckAsync(name, ServerHost.Password, gone), follower = CheckAsync(name);

        await gone.CancelAsync();
        await leader.Awaiting(one => one).Should().ThrowAsync<OperationCanceledException>();
        follower.IsCompleted.Should().BeFalse();
        hashing.Dispose();

        (await follower).Should().BeOfType<PasswordResult.Verified>();
    }

    [Fact]
    public async Task A_hash_that_another_login_renews_meanwhile_is_still_the_same_password()
    {
        AccountSnapshot account = await AddAsync(Bcrypt.Hash(ServerHost.Password, 4));
        string renewed = Bcrypt.Hash(ServerHost.Password, 10);
        IDisposable hashing = await HoldHashingAsync();
        Task<PasswordResult> check = CheckAsync(name);

        (await Accounts().ReplaceHashAsync(account.Subject, account.PasswordHash, renewed)).Should().BeTrue();
        hashing.Dispose();

        (await check).Should().BeOfType<PasswordResult.Verified>().Which.Account.PasswordHash.Should().Be(renewed);
        using IDisposable held = await HoldHashingAsync();
        (await CheckAsync(name)).Should().BeOfType<PasswordResult.Verified>("it is remembered");
    }

    [Fact]
    public async Task A_hash_that_this_verification_renews_is_the_one_that_is_remembered()
    {
        await AddAsync(Bcrypt.Hash(ServerHost.Password, 4));

        PasswordResult verified = await CheckAsync(name);

        verified.Should().BeOfType<PasswordResult.Verified>().Which.Account.PasswordHash.Should().StartWith("$2b$10$");
        using IDisposable held = await HoldHashingAsync();
        (await CheckAsync(name)).Should().BeOfType<PasswordResult.Verified>();
    }

    [Theory]
    [InlineData("password")]
    [InlineData("disable")]
    [InlineData("delete")]
    [InlineData("nothing")]
    public async Task What_ends_a_password_while_it_is_verified_is_not_outrun(string end)
    {
        AccountSnapshot account = await host.AddAccountAsync(name), root = await host.AddAccountAsync($"root-{Guid.NewGuid():N}", "admin");
        var by = new Caller(root.Subject, root.Generation, "a login", Token: null);
        IDisposable hashing = await HoldHashingAsync();
        Task<PasswordResult> check = CheckAsync(name);

        AccountChange change = end switch
        {
            "password" => await Accounts().ResetPasswordAsync(by, account.Subject, Bcrypt.Hash(Changed, 10)),
            "disable" => await Accounts().DisableAsync(by, account.Subject),
            "delete" => await Accounts().DeleteAsync(by, account.Subject),
            _ => AccountChange.Done,
        };
        change.Should().Be(AccountChange.Done);
        check.IsCompleted.Should().BeFalse();
        hashing.Dispose();

        if (end == "nothing")
            (await check).Should().BeOfType<PasswordResult.Verified>();
        else
            (await check).Should().BeOfType<PasswordResult.Refused>();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (AsyncServiceScope scope in scopes)
            await scope.DisposeAsync();
    }

    // Each request has a scope of its own.
    private Task<PasswordResult> CheckAsync(string username, string password = ServerHost.Password, CancellationTokenSource? gone = null) =>
        Scope().GetRequiredService<PairAuthenticator>()
            .CheckAsync(username, new Password(password), IPAddress.Loopback, gone?.Token ?? TestContext.Current.CancellationToken);

    private AccountStore Accounts() => Scope().GetRequiredService<AccountStore>();

    private async Task<AccountSnapshot> AddAsync(string hash)
    {
        _ = host.Connect();
        return (await Accounts().AddAsync(name, hash))!;
    }

    private async Task<IDisposable> HoldHashingAsync() =>
        (await host.Get<HashingGate>().EnterAsync(TestContext.Current.CancellationToken))!;

    private int Logged(string text) => host.Log.All.Count(line => line.Contains(text, StringComparison.Ordinal));

    private IServiceProvider Scope()
    {
        AsyncServiceScope scope = host.Services.CreateAsyncScope();
        scopes.Add(scope);
        return scope.ServiceProvider;
    }

    public sealed class Fixture : IAsyncDisposable
    {
        internal ServerHost Host { get; } = new ServerHost().With("JwtAuth:Passwords:WorkFactor", "10")
            .With("JwtAuth:Passwords:MaxConcurrentHashes", "1").With("JwtAuth:Passwords:QueueLimit", "1");

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }
}
