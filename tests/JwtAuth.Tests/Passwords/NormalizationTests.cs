using System.Text;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Passwords;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Passwords;

/// <summary>One password, whichever code points a keyboard sends for its letters (NFC).</summary>
public sealed class NormalizationTests
{
    private const string Composed = "ein Hügel über Zürich", Changed = "die Brücke über den Fluß";

    private static readonly string Decomposed = Composed.Normalize(NormalizationForm.FormD);

    [Fact, Trait("row", "PWD-09")]
    public async Task A_password_registered_on_one_keyboard_is_right_on_another_at_every_door()
    {
        await using ServerHost host = new();
        using HttpClient client = host.Connect();
        Decomposed.Should().NotBe(Composed);
        (await client.RegisterAsync("composed", Composed)).Status.Should().Be(201);
        (await client.RegisterAsync("decomposed", Decomposed)).Status.Should().Be(201);

        foreach (string username in (string[])["composed", "decomposed"])
        {
            foreach (string password in (string[])[Composed, Decomposed])
            {
                (await client.LoginAsync(username, password)).Status.Should().Be(200);
                (await client.MeByBasicAsync(username, password)).Status.Should().Be(200);
            }
            (await client.LoginAsync(username, Composed.Replace('ü', 'u'))).Status.Should().Be(401, "other letters are other letters");
            (await client.LoginAsync(username, Composed + " ")).Status.Should().Be(401);
            (await client.LoginAsync(username, Composed.ToUpperInvariant())).Status.Should().Be(401);
        }
        using HttpClient account = host.Connect((await client.AskAsync("POST", "/auth/login",
            new { username = "composed", password = Decomposed, audience = host.Issuer })).Json.GetProperty("access_token").GetString());
        (await account.AskAsync("POST", "/auth/password", new
        {
            current_password = Decomposed,
            new_password = Changed.Normalize(NormalizationForm.FormD),
        })).Status.Should().Be(204);
        (await client.LoginAsync("composed", Changed)).Status.Should().Be(200);
    }

    [Fact, Trait("row", "PWD-09")]
    public async Task A_hash_from_before_is_verified_as_it_was_made_once_and_becomes_one_of_the_normalized_password()
    {
        await using ServerHost host = new();
        using HttpClient client = host.Connect();
        await StoreAsync(host, "alice", host.Get<PasswordHasher>().Hash(Decomposed));
        await StoreAsync(host, "imported", new PasswordHasher<JwtAuth.Server.Storage.Account>().HashPassword(null!, Decomposed));

        foreach (string username in (string[])["alice", "imported"])
        {
            (await client.LoginAsync(username, Composed)).Status.Should().Be(401, "the hash is of other code points");
            (await client.LoginAsync(username, Decomposed)).Status.Should().Be(200);
            (await client.LoginAsync(username, Composed)).Status.Should().Be(200, "it was made anew");
            (await client.LoginAsync(username, Decomposed)).Status.Should().Be(200);
            (await client.LoginAsync(username, Decomposed + "x")).Status.Should().Be(401);
        }
        host.Log.All.Count(line => line.Contains(" renewed with the present algorithm", StringComparison.Ordinal)).Should().Be(2);
    }

    [Fact, Trait("row", "PWD-06")]
    public async Task The_bytes_that_count_are_those_of_the_normalized_password()
    {
        await using ServerHost host = new();
        using HttpClient client = host.Connect();
        string whole = new('ü', 36), tooLong = new('ü', 37);
        Encoding.UTF8.GetByteCount(whole).Should().Be(Password.MaximumBytes);

        (await client.RegisterAsync("alice", whole.Normalize(NormalizationForm.FormD))).Status.Should().Be(201);
        (await client.LoginAsync("alice", whole)).Status.Should().Be(200);
        (await client.MeByBasicAsync("alice", whole.Normalize(NormalizationForm.FormD))).Status.Should().Be(200);
        (await client.RegisterAsync("bob", tooLong)).Code.Should().Be("weak_password");
        (await client.LoginAsync("alice", tooLong)).Code.Should().Be("invalid_request");
        (await client.RegisterAsync("carol", "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301")).Code
            .Should().Be("weak_password", "six letters, however they are written");
    }

    private static async Task StoreAsync(ServerHost host, string username, string hash)
    {
        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
        (await scope.ServiceProvider.GetRequiredService<AccountStore>().AddAsync(username, hash)).Should().NotBeNull();
    }
}
