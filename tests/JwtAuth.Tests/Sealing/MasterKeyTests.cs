using System.Runtime.Versioning;
using System.Security.Cryptography;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.Storage;
using JwtAuth.Server.Storage.Sqlite;
using JwtAuth.Tests.Hosting;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Tests.Sealing;

// Modes of files are Unix's.
[UnsupportedOSPlatform("windows")]
public sealed class MasterKeyTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
    private readonly byte[] secret = RandomNumberGenerator.GetBytes(48);

    private string KeyPath => Path.Combine(directory, "master.key");

    [Fact]
    public void A_sealed_value_opens_for_its_key_purpose_and_name_alone()
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(32);
        var key = new MasterKey(bytes);
        byte[] value = key.Seal("signing keys", "one", secret);

        new MasterKey(bytes).Open("signing keys", "one", value).Should().Equal(secret);
        Refused(() => new MasterKey(RandomNumberGenerator.GetBytes(32)).Open("signing keys", "one", value));
        Refused(() => key.Open("signing keys", "two", value));
        Refused(() => key.Open("signing keys", "", value));
        Refused(() => key.Open("check", "one", value));
        Refused(() => key.Open("signing key", "sone", value));
    }

    [Fact]
    public void A_sealed_value_that_was_changed_or_cut_anywhere_does_not_open()
    {
        var key = new MasterKey(RandomNumberGenerator.GetBytes(32));
        byte[] value = key.Seal("p", "n", secret);
        key.Open("p", "n", value).Should().Equal(secret);
        for (int index = 0; index < value.Length; index++)
        {
            byte[] changed = [.. value];
            changed[index] ^= 1;
            Refused(() => key.Open("p", "n", changed));
            Refused(() => key.Open("p", "n", value.AsSpan(..index)));
            Refused(() => key.Open("p", "n", value.AsSpan(index + 1)));
        }
        Refused(() => key.Open("p", "n", [.. value, 0]));
    }

    [Fact]
    public void The_same_secret_is_never_sealed_the_same_way_twice_and_does_not_show()
    {
        var key = new MasterKey(RandomNumberGenerator.GetBytes(32));
        byte[][] sealedValues = [.. Enumerable.Range(0, 1_000).Select(_ => key.Seal("p", "n", secret))];
        sealedValues.Select(Convert.ToHexString).Should().OnlyHaveUniqueItems();
        sealedValues.Select(value => Convert.ToHexString(value.AsSpan(..12))).Should().OnlyHaveUniqueItems("a nonce is used once");
        sealedValues.Any(value => value.AsSpan().IndexOf(secret.AsSpan(..8)) >= 0).Should().BeFalse();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16)]
    [InlineData(31)]
    [InlineData(33)]
    public void A_master_key_has_32_bytes(int length)
    {
        FluentActions.Invoking(() => new MasterKey(new byte[length])).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new MasterKey(new byte[32])).Should().NotThrow();
    }

    [Fact]
    [Trait("row", "KEY-08")]
    public void The_file_is_made_once_for_its_owner_alone_and_read_ever_after()
    {
        byte[] value = MasterKeyFile.Read(directory, mayMake: true).Seal("p", "n", secret);
        File.GetUnixFileMode(KeyPath).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        MasterKeyFile.Read(directory, mayMake: true).Open("p", "n", value).Should().Equal(secret);
        MasterKeyFile.Read(directory, mayMake: false).Open("p", "n", value).Should().Equal(secret);
        Directory.GetFiles(directory).Should().Equal(KeyPath);
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.GroupRead | UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherWrite)]
    [Trait("row", "KEY-08")]
    public void A_file_that_others_may_read_or_write_is_refused_and_left_as_it_is(UnixFileMode others)
    {
        MasterKeyFile.Read(directory, mayMake: true);
        RefusedAsItIs("chmod 600", () => File.SetUnixFileMode(KeyPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | others));
        File.SetUnixFileMode(KeyPath, UnixFileMode.UserRead);
        FluentActions.Invoking(() => MasterKeyFile.Read(directory, mayMake: false)).Should().NotThrow();
    }

    public static TheoryData<string, string> OtherFormats => new()
    {
        { "empty", "" },
        { "a line only", "\n" },
        { "cut short", Convert.ToBase64String(new byte[31]) },
        { "cut in the text", Convert.ToBase64String(new byte[32])[..43] },
        { "too long", Convert.ToBase64String(new byte[33]) },
        { "hexadecimal", new string('a', 64) },
        { "PEM", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n" },
        { "two lines", Convert.ToBase64String(new byte[32]) + "\n" + Convert.ToBase64String(new byte[32]) },
        { "JSON", "{}" },
    };

    [Theory]
    [MemberData(nameof(OtherFormats))]
    [Trait("row", "KEY-08")]
    public void A_file_of_another_format_is_refused_and_never_replaced(string what, string content)
    {
        MasterKeyFile.Read(directory, mayMake: true);
        string good = File.ReadAllText(KeyPath);
        RefusedAsItIs("32 bytes in base64", () => File.WriteAllText(KeyPath, content));
        File.WriteAllText(KeyPath, good);
        FluentActions.Invoking(() => MasterKeyFile.Read(directory, mayMake: false)).Should().NotThrow("only {0} was wrong", what);
    }

    [Fact]
    [Trait("row", "KEY-08")]
    public void A_file_that_is_missing_though_it_was_used_is_told_and_not_made_anew()
    {
        RefusedAsItIs("missing", () => { }, mayMake: false);
        MasterKeyFile.Read(directory, mayMake: true);
        FluentActions.Invoking(() => MasterKeyFile.Read(directory, mayMake: false)).Should().NotThrow();
    }

    [Fact]
    public async Task Sixteen_that_make_the_file_at_once_end_with_one_key()
    {
        MasterKey[] keys = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(StartAsync)));
        byte[] value = keys[0].Seal("p", "n", secret);
        keys.Should().OnlyContain(key => key.Open("p", "n", value).SequenceEqual(secret));
        Directory.GetFiles(directory, "master.key*").Should().Equal(KeyPath);

        async Task<MasterKey> StartAsync()
        {
            string connection = TestedStore.SqliteFile(directory) + ";Pooling=False";
            var options = new DbContextOptionsBuilder<SqliteDb>();
            SqliteDb.Configure(options, connection);
            await using var db = new SqliteDb(options.Options, new WriteLane(Patience.Limit, TimeProvider.System));
            var start = new DatabaseStart(new SqliteEngine(connection, directory), new SealingSettings(directory, MasterKey: null));
            await start.PrepareAsync(() => db);
            return start.MasterKey;
        }
    }

    [Theory]
    [InlineData("chmod")]
    [InlineData("replace")]
    [InlineData("delete")]
    [Trait("row", "KEY-08")]
    public async Task A_service_whose_master_key_file_was_tampered_with_does_not_start_and_starts_again_when_it_is_restored(string how)
    {
        await StartAsync();
        string good = await File.ReadAllTextAsync(KeyPath, TestContext.Current.CancellationToken);
        switch (how)
        {
            case "chmod":
                File.SetUnixFileMode(KeyPath, (UnixFileMode)0b110_100_100);
                break;
            case "replace":
                await File.WriteAllTextAsync(
                    KeyPath, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), TestContext.Current.CancellationToken);
                break;
            default:
                File.Delete(KeyPath);
                break;
        }

        await FluentActions.Awaiting(StartAsync).Should().ThrowAsync<ConfigurationFaultException>().WithMessage("JwtAuth:MasterKey*");
        await File.WriteAllTextAsync(KeyPath, good, TestContext.Current.CancellationToken);
        File.SetUnixFileMode(KeyPath, (UnixFileMode)0b110_000_000);
        await StartAsync();
    }

    [Fact]
    public async Task A_configured_master_key_opens_what_it_sealed_and_another_stops_the_start()
    {
        byte[] right = RandomNumberGenerator.GetBytes(32), wrong = RandomNumberGenerator.GetBytes(32);
        await StartAsync(right);
        File.Exists(KeyPath).Should().BeFalse();
        await FluentActions.Awaiting(() => StartAsync(wrong))
            .Should().ThrowAsync<ConfigurationFaultException>().WithMessage("JwtAuth:MasterKey is not the key*");
        await StartAsync(right);
    }

    public void Dispose()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(directory, recursive: true);
    }

    private Task StartAsync() => StartAsync(null);

    // What every start does, and every command.
    private async Task StartAsync(byte[]? masterKey)
    {
        string connection = TestedStore.SqliteFile(directory);
        var options = new DbContextOptionsBuilder<SqliteDb>();
        SqliteDb.Configure(options, connection);
        await using var db = new SqliteDb(options.Options, new WriteLane(Patience.Limit, TimeProvider.System));
        await new DatabaseStart(new SqliteEngine(connection, directory), new SealingSettings(directory, masterKey)).PrepareAsync(() => db);
    }

    private void RefusedAsItIs(string remedy, Action tamper, bool mayMake = true)
    {
        tamper();
        byte[]? before = File.Exists(KeyPath) ? File.ReadAllBytes(KeyPath) : null;
        FluentActions.Invoking(() => MasterKeyFile.Read(directory, mayMake)).Should().Throw<ConfigurationFaultException>()
            .Which.Faults.Should().ContainSingle().Which.Should().StartWith("JwtAuth:MasterKey").And.Contain(remedy).And.NotContain("\n");
        (File.Exists(KeyPath) ? File.ReadAllBytes(KeyPath) : null).Should().BeEquivalentTo(before);
    }

    private static void Refused(Func<byte[]> open) => open.Should().Throw<CryptographicException>();
}
