using JwtAuth.Server.Accounts;
using JwtAuth.Server.Passwords;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace JwtAuth.Tests.Passwords;

public sealed class RehashTests(RehashTests.Fixture fixture) : IClassFixture<RehashTests.Fixture>
{
    private readonly ServerHost host = fixture.Host;
    private readonly string name = $"user-{Guid.NewGuid():N}";

    public static TheoryData<string> OldHashes =>
    [
        Identity(PasswordHasherCompatibilityMode.IdentityV2),
        Identity(PasswordHasherCompatibilityMode.IdentityV3),
        Bcrypt.Hash(ServerHost.Password, 4),
        Bcrypt.Hash(ServerHost.Password, 11),
        Bcrypt.Hash(ServerHost.Password, 10).Replace("$2b$", "$2a$", StringComparison.Ordinal),
        Bcrypt.Hash(ServerHost.Password, 10).Replace("$2b$", "$2y$", StringComparison.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(OldHashes), DisableDiscoveryEnumeration = true)]
    public async Task An_old_hash_verifies_and_is_renewed_at_login(string old)
    {
        string subject = await AddAsync(old);
        using HttpClient client = host.Connect();

        (await client.LoginAsync(name, "a wrong password")).Status.Should().Be(401);
        (await HashAsync(subject)).Should().Be(old, "a wrong password renews nothing");
        (await client.LoginAsync(name, ServerHost.Password)).Status.Should().Be(200);

        string renewed = await HashAsync(subject);
        renewed.Should().StartWith("$2b$10$");
        (await client.LoginAsync(name, "a wrong password")).Status.Should().Be(401);
        (await client.LoginAsync(name, ServerHost.Password)).Status.Should().Be(200);
        (await HashAsync(subject)).Should().Be(renewed, "a present hash stays");
        host.Log.All.Count(line => line.Contains($"Password hash of account {subject} renewed", StringComparison.Ordinal)).Should().Be(1);
    }

    [Theory]
    [InlineData("")]
    [InlineData("A")]
    [InlineData("not base64!")]
    [InlineData("AQAAAA==")]
    [InlineData("$2b$10$short")]
    [InlineData("$2x$10$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")]
    [InlineData("$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")]
    [InlineData("$1$salt$hash")]
    [InlineData("a quiet harbour at dawn")]
    public async Task A_hash_of_no_known_form_verifies_nothing_and_breaks_nothing(string hash)
    {
        await AddAsync(hash);
        await host.AddAccountAsync(name + ".twin");
        using HttpClient client = host.Connect();

        Reply refused = await client.LoginAsync(name, ServerHost.Password);

        (refused.Status, refused.Code).Should().Be((401, "invalid_credentials"));
        (await client.LoginAsync(name, hash.Length == 0 ? "x" : hash)).Status.Should().Be(401);
        (await client.LoginAsync(name + ".twin", ServerHost.Password)).Status.Should().Be(200);
    }

    [Fact]
    public async Task A_renewed_hash_never_overwrites_a_password_that_was_changed_meanwhile()
    {
        string old = Bcrypt.Hash(ServerHost.Password, 4), renewed = Bcrypt.Hash(ServerHost.Password, 10),
            changed = Bcrypt.Hash("the lamp by the window", 10);
        string subject = await AddAsync(old);
        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
        AccountStore accounts = scope.ServiceProvider.GetRequiredService<AccountStore>();

        AccountSnapshot root = await host.AddAccountAsync($"root-{Guid.NewGuid():N}", "admin");
        (await accounts.ResetPasswordAsync(new Caller(root.Subject, root.Generation, "a login", Token: null), subject, changed))
            .Should().Be(AccountChange.Done);
        (await accounts.ReplaceHashAsync(subject, old, renewed)).Should().BeFalse();

        (await HashAsync(subject)).Should().Be(changed);
        using HttpClient client = host.Connect();
        (await client.LoginAsync(name, ServerHost.Password)).Status.Should().Be(401);
        (await client.LoginAsync(name, "the lamp by the window")).Status.Should().Be(200);
        (await accounts.ReplaceHashAsync(subject, changed, renewed)).Should().BeTrue("the twin: nothing has changed in between");
    }

    private static string Identity(PasswordHasherCompatibilityMode mode) =>
        new PasswordHasher<Account>(Options.Create(new PasswordHasherOptions { CompatibilityMode = mode, IterationCount = 1000 }))
            .HashPassword(null!, ServerHost.Password);

    private async Task<string> AddAsync(string hash)
    {
        _ = host.Connect();
        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
        return (await scope.ServiceProvider.GetRequiredService<AccountStore>().AddAsync(name, hash))!.Subject;
    }

    private async Task<string> HashAsync(string subject)
    {
        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
        return (await scope.ServiceProvider.GetRequiredService<AccountSnapshots>()
            .FindBySubjectAsync(subject, TestContext.Current.CancellationToken))!.PasswordHash;
    }

    public sealed class Fixture : IAsyncDisposable
    {
        internal ServerHost Host { get; } = new ServerHost().With("JwtAuth:Passwords:WorkFactor", "10");

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }
}
