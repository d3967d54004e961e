using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Unicode;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Passwords;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.Vectors;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Passwords;

public sealed class BcryptTests
{
    private const string Source =
        "openwall/crypt_blowfish, jeremyh/jBCrypt, pyca/bcrypt and besser82/libxcrypt (tables made of their test vectors)";
    private const string Known = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"; // of U*U

    [Fact]
    [Trait("row", "BCR-01")]
    [Trait("row", "BCR-02")]
    public void Known_answers_match_and_what_bcrypt_would_cut_or_is_of_the_faulty_kind_is_refused_by_name()
    {
        string[][] rows = Read("vectors.tsv");
        int match = 0, faultyKind = 0, tooLong = 0, notText = 0;
        foreach (string[] row in rows)
        {
            byte[] phrase = Convert.FromHexString(row[1]);
            string hash = row[2];
            string why = $"of row {row[0]}";
            if (!Utf8.IsValid(phrase))
            {
                // The library takes text, as every password comes: bytes that are no UTF-8 cannot be said to it.
                notText++;
                continue;
            }

            string password = Encoding.UTF8.GetString(phrase);
            if (phrase.Length > 72)
            {
                tooLong++;
                Bcrypt.Verify(password, hash).Should().BeFalse(why);
                if (hash[2] != 'x')
                    Bcrypt.Verify(Encoding.UTF8.GetString(phrase[..72]), hash).Should().BeTrue("bcrypt read no further, {0}", why);
            }
            else if (hash.StartsWith("$2x$", StringComparison.Ordinal))
            {
                faultyKind++;
                Bcrypt.Verify(password, hash).Should().BeFalse(why);
                Bcrypt.WorkFactorOf(hash).Should().BeNull();
                Bcrypt.WorkFactorOf(hash.Replace("$2x$", "$2y$", StringComparison.Ordinal)).Should().NotBeNull();
            }
            else
            {
                match++;
                Bcrypt.Verify(password, hash).Should().BeTrue(why);
                if (Bcrypt.WorkFactorOf(hash) <= 5)
                    Bcrypt.Verify(Other(password), hash).Should().BeFalse(why);
            }
        }
        // Of the 68 that are left out 45 match, 16 are of the faulty kind, 5 too long, and 2 hold NUL.
        (rows.Length, match, faultyKind, tooLong, notText).Should().Be((217, 107, 25, 17, 68));
    }

    [Fact]
    public void The_bits_to_spare_in_the_last_character_of_a_salt_mean_nothing()
    {
        const string Spare = "$2a$05$CCCCCCCCCCCCCCCCCCCCC/E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

        Bcrypt.Verify("U*U", Known).Should().BeTrue();
        Bcrypt.Verify("U*U", Spare).Should().BeTrue("other systems write them");
        Bcrypt.Verify("U*V", Spare).Should().BeFalse();
        Bcrypt.Verify("U*U", Spare.Replace("C/E5", "COE5", StringComparison.Ordinal)).Should().BeFalse("this is another salt");
    }

    [Fact]
    public void What_is_no_Unicode_text_is_neither_hashed_nor_verified()
    {
        string replaced = Bcrypt.Hash("\ufffd", 4);
        Bcrypt.Verify("\ufffd", replaced).Should().BeTrue();

        Bcrypt.Verify("\ud800", replaced).Should().BeFalse("half of a pair is not the sign that stands for it");
        FluentActions.Invoking(() => Bcrypt.Hash("\ud800", 4)).Should().Throw<ArgumentException>();
    }

    [Theory]
    [InlineData(72, '\0')]
    [InlineData(71, '\0')]
    [InlineData(73, 'x')]
    [InlineData(512, 'x')]
    [Trait("row", "BCR-01")]
    public void A_password_that_bcrypt_would_cut_is_neither_hashed_nor_verified_nor_taken(int length, char last)
    {
        string whole = new string('x', Math.Min(length, 72) - 1) + "y", cut = new string('x', length - 1) + last;

        string hash = Bcrypt.Hash(whole, 4);
        Bcrypt.Verify(whole, hash).Should().BeTrue();
        PasswordPolicy.Unusable(new Password(whole)).Should().BeNull();

        FluentActions.Invoking(() => Bcrypt.Hash(cut, 4)).Should().Throw<ArgumentException>();
        Bcrypt.Verify(cut, hash).Should().BeFalse();
        PasswordPolicy.Unusable(new Password(cut)).Should().Contain(last == '\0' ? "NUL" : "72 bytes");
    }

    [Fact]
    [Trait("row", "BCR-01")]
    public async Task Every_malformed_stored_hash_is_a_wrong_password_and_never_an_error()
    {
        string[] malformed = [.. Read("malformed_hashes.tsv").Select(row => row[1])];
        malformed.Should().HaveCount(32);
        await using var host = new ServerHost();
        await AddAsync(host, "control", Bcrypt.Hash(ServerHost.Password, 4));
        (await LoginAsync(host, "control")).Should().Be(HttpStatusCode.OK);
        for (int index = 0; index < malformed.Length; index++)
        {
            Bcrypt.WorkFactorOf(malformed[index]).Should().BeNull(malformed[index]);
            foreach (string password in new[] { "", "password", ServerHost.Password, malformed[index] })
            {
                Bcrypt.Verify(password, malformed[index]).Should().BeFalse(malformed[index]);
                host.Get<PasswordHasher>().Verify(password, malformed[index])
                    .Should().Be(PasswordVerificationResult.Failed, malformed[index]);
            }
            await AddAsync(host, $"user{index}", malformed[index]);
            (await LoginAsync(host, $"user{index}")).Should().Be(HttpStatusCode.Unauthorized, malformed[index]);
        }

        (await LoginAsync(host, "control", "not the password at all")).Should().Be(HttpStatusCode.Unauthorized);
        host.Log.All.Count(line => line.Contains("is malformed", StringComparison.Ordinal)).Should().Be(32, "the operator is told");
    }

    [Fact]
    [Trait("row", "BCR-01")]
    public void A_known_hash_with_one_character_changed_or_moved_does_not_match()
    {
        Bcrypt.Verify("U*U", Known).Should().BeTrue();
        foreach (string changed in new[]
        {
            Known.Replace("$2a$", "$2x$", StringComparison.Ordinal), Known.Replace("$2a$", "$2$", StringComparison.Ordinal),
            Known.Replace("$2a$", "$2A$", StringComparison.Ordinal), Known.Replace("$05$", "$5$", StringComparison.Ordinal),
            Known.Replace("$05$", "$+5$", StringComparison.Ordinal), Known.Replace("$05$", "$ 5$", StringComparison.Ordinal),
            Known.Replace("$05$", "$06$", StringComparison.Ordinal), Known[..^1] + "X", Known[..^1], Known + "\0", Known + "\n",
            " " + Known, Known[..^1] + "\0", Known[..^1] + "ſ", Known[..30] + "$" + Known[31..],
        })
            Bcrypt.Verify("U*U", changed).Should().BeFalse(changed);
    }

    [Fact]
    [Trait("row", "BCR-04")]
    public void A_stored_work_factor_from_17_to_99_is_refused_before_anything_is_computed()
    {
        Bcrypt.WorkFactorOf(Factor(4)).Should().Be(4);
        Bcrypt.WorkFactorOf(Factor(16)).Should().Be(16);
        // Each of these would take minutes to years: that the test ends is the proof.
        foreach (int factor in Enumerable.Range(17, 83).Concat([0, 1, 2, 3]))
        {
            Bcrypt.WorkFactorOf(Factor(factor)).Should().BeNull();
            Bcrypt.Verify("U*U", Factor(factor)).Should().BeFalse();
        }

        static string Factor(int factor) => Known.Replace("$05$", $"${factor:00}$", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("$2b$04$")]
    [InlineData("$2b$11$")]
    [InlineData("$2a$10$")]
    [InlineData("$2y$10$")]
    [InlineData("$2b$10$")]
    [Trait("row", "BCR-05")]
    public async Task A_stored_hash_of_another_work_factor_or_form_logs_in_and_is_hashed_anew_as_configured(string prefix)
    {
        await using ServerHost host = new ServerHost().With("JwtAuth:Passwords:WorkFactor", "10");
        string stored = prefix[..3] + Bcrypt.Hash(ServerHost.Password, int.Parse(prefix.AsSpan(4, 2), null))[3..];
        await AddAsync(host, "alice", stored);

        (await LoginAsync(host, "alice", "not the password at all")).Should().Be(HttpStatusCode.Unauthorized);
        (await HashOfAsync(host)).Should().Be(stored, "a wrong password changes nothing");
        (await LoginAsync(host, "alice")).Should().Be(HttpStatusCode.OK);
        string after = await HashOfAsync(host);
        after.Should().StartWith("$2b$10$");
        (after == stored).Should().Be(prefix == "$2b$10$", "only what is not as configured is hashed anew");
        (await LoginAsync(host, "alice")).Should().Be(HttpStatusCode.OK);
        (await HashOfAsync(host)).Should().Be(after);

        static async Task<string> HashOfAsync(ServerHost host)
        {
            await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
            return (await scope.ServiceProvider.GetRequiredService<AccountSnapshots>().FindByNameAsync("alice"))!.PasswordHash;
        }
    }

    [Fact]
    [Trait("row", "BCR-07")]
    public void Ten_thousand_hashes_of_one_password_have_ten_thousand_salts()
    {
        var salts = new ConcurrentDictionary<string, bool>();
        Parallel.For(0, 10_000, _ => salts[Bcrypt.Hash(ServerHost.Password, 4).Substring(7, 22)] = true);

        salts.Should().HaveCount(10_000);
        // Bytes of a CSPRNG: no position that is the same in all, none that lacks a value (the last character has 4, since 128 bits
        // are 21 characters and 2 bits).
        for (int position = 0; position < 22; position++)
            salts.Keys.Select(salt => salt[position]).Distinct().Should().HaveCount(position == 21 ? 4 : 64);
    }

    [Fact]
    public void Eight_threads_at_once_verify_each_its_own()
    {
        (string Password, string Hash)[] pairs = [.. Enumerable.Range(0, 16).Select(
            number => ($"{ServerHost.Password} {number}", Bcrypt.Hash($"{ServerHost.Password} {number}", 4)))];
        int wrong = 0;
        Parallel.For(0, 1_600, new ParallelOptions { MaxDegreeOfParallelism = 8 }, turn =>
        {
            (string password, _) = pairs[turn % 16];
            (_, string hash) = pairs[turn / 16 % 16];
            if (Bcrypt.Verify(password, hash) != (turn % 16 == turn / 16 % 16))
                Interlocked.Increment(ref wrong);
        });
        wrong.Should().Be(0);
    }

    private static string Other(string password) =>
        Encoding.UTF8.GetByteCount(password) < 72 ? password + "x" : password[..^1] + (password[^1] == 'x' ? "y" : "x");

    private static string[][] Read(string file) =>
        [.. File.ReadLines(VectorFolder.Find($"bcrypt/{file}", Source)).Skip(1).Select(line => line.Split('\t'))];

    private static async Task AddAsync(ServerHost host, string username, string hash)
    {
        _ = host.Get<PasswordHasher>();
        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
        (await scope.ServiceProvider.GetRequiredService<AccountStore>().AddAsync(username, hash)).Should().NotBeNull();
    }

    private static async Task<HttpStatusCode> LoginAsync(ServerHost host, string username, string password = ServerHost.Password)
    {
        using HttpClient client = host.Connect();
        using HttpResponseMessage reply =
            await client.PostAsJsonAsync("/auth/login", new { username, password }, TestContext.Current.CancellationToken);
        return reply.StatusCode;
    }
}
