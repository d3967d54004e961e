using JwtAuth.Server.Accounts;
using JwtAuth.Server.Passwords;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using Microsoft.AspNetCore.Identity;

namespace JwtAuth.Tests.Passwords;

public sealed class MalformedHashTests : IAsyncDisposable
{
    private readonly ServerHost host = new();

    [Fact]
    public async Task A_hash_that_cannot_be_read_is_told_once_and_not_at_every_attempt_and_another_one_is_told_again()
    {
        AccountSnapshot alice = await host.AddAccountAsync("alice");
        await host.AddAccountAsync("bob");
        using HttpClient client = host.Connect();
        using var database = new DatabaseFile(host.Directory);

        for (int broken = 1; broken <= 2; broken++)
        {
            database.Execute($"UPDATE AspNetUsers SET PasswordHash = '$2b$10$cut-{broken}' WHERE UserName = 'alice'");
            for (int attempt = 0; attempt < 3; attempt++)
            {
                host.Time.Advance(TimeSpan.FromHours(1));
                (await client.LoginAsync("alice", ServerHost.Password)).Status.Should().Be(401);
                (await client.LoginAsync("bob", "not the password at all")).Status.Should().Be(401);
            }
            host.Lines($"The password hash of account {alice.Subject} is malformed").Should().Be(broken);
        }
        host.Lines("is malformed").Should().Be(2, "a wrong password is not told");
        (await client.LoginAsync("bob", ServerHost.Password)).Status.Should().Be(200);
    }

    [Theory]
    [InlineData(PasswordHasherCompatibilityMode.IdentityV2)]
    [InlineData(PasswordHasherCompatibilityMode.IdentityV3)]
    public void A_hash_of_Identity_that_was_cut_anywhere_is_malformed_and_a_whole_one_is_not(PasswordHasherCompatibilityMode mode)
    {
        string whole = new PasswordHasher<object>(
            Microsoft.Extensions.Options.Options.Create(new PasswordHasherOptions { CompatibilityMode = mode })).HashPassword(new(), "x");
        byte[] bytes = Convert.FromBase64String(whole);

        PasswordHasher.IsWellFormed(whole).Should().BeTrue();
        // Of version 3 the subkey may be shorter, down to 16 bytes.
        int shortest = mode == PasswordHasherCompatibilityMode.IdentityV2 ? bytes.Length : 1 + 12 + 16 + 16;
        for (int length = 0; length < bytes.Length; length++)
            PasswordHasher.IsWellFormed(Convert.ToBase64String(bytes.AsSpan(..length))).Should().Be(length >= shortest, $"{length}");
        PasswordHasher.IsWellFormed(whole[..^1]).Should().BeFalse();
        PasswordHasher.IsWellFormed(Convert.ToBase64String([2, .. bytes[1..]])).Should().BeFalse();
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
