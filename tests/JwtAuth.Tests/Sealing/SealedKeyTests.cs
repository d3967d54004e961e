using System.Data.Common;
using System.Text.Json.Nodes;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;

namespace JwtAuth.Tests.Sealing;

/// <summary>Who can write the database, but does not hold the master key, adds no signing key and changes none.</summary>
public sealed class SealedKeyTests : IAsyncDisposable
{
    private const string NotUsed = "in the database is not used";

    private readonly ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");

    [Theory]
    [InlineData(SignatureAlgorithm.RS256, "NULL")]
    [InlineData(SignatureAlgorithm.ES256, "NULL")]
    [InlineData(SignatureAlgorithm.ES256, "x''")]
    [InlineData(SignatureAlgorithm.ES256, "zeroblob(32)")]
    [InlineData(SignatureAlgorithm.ES256, "(SELECT Seal FROM SigningKeys LIMIT 1)")]
    public async Task A_key_that_somebody_has_put_into_the_database_is_not_published_opens_nothing_and_is_told_once(
        SignatureAlgorithm algorithm, string seal)
    {
        await host.AddAccountAsync("root", "admin");
        string own = await host.LoginAsync("root", host.Issuer);
        var foreign = SigningKey.Generate(algorithm);
        using var database = new DatabaseFile(host.Directory);
        database.Execute($"""
            INSERT INTO SigningKeys (KeyId, Algorithm, ForApisOnly, SealedPrivateKey, PublicKey, CreatedAt, SignsFrom, RetiredAt, Seal)
            SELECT '{foreign.KeyId}', '{algorithm}', false, NULL, x'{Convert.ToHexString(foreign.ExportPublic()!)}', CreatedAt, SignsFrom,
                4102444800000, {seal} FROM SigningKeys LIMIT 1
            """);
        for (int look = 0; look < 3; look++)
            await host.Get<SigningKeyRing>().LoadAsync(TestContext.Current.CancellationToken);

        using HttpClient client = host.Connect();
        string minted = Forge.SignParts(
            Forge.Encode(new JsonObject { ["alg"] = $"{algorithm}", ["kid"] = foreign.KeyId, ["typ"] = "at+jwt" }.ToJsonString()),
            own.Split('.')[1], foreign);
        (await client.AskAsAsync(minted, "GET", "/admin/users")).Status.Should().Be(401);
        (await client.MeAsync(minted)).Should().Be(401);
        (await client.AskAsAsync(own, "GET", "/admin/users")).Status.Should().Be(200, "the same, signed by a key of ours");
        string published = (await client.AskAsync("GET", "/.well-known/jwks.json")).Body;
        published.Should().NotContain(foreign.KeyId).And.Contain(host.Get<SigningKeyRing>().Signer(true).KeyId);
        host.Lines($"SECURITY: the signing key {foreign.KeyId} {NotUsed}").Should().Be(1);

        // The same key, by who holds the master key.
        (await host.Get<SigningKeyStore>().DiscardNotBelievedAsync()).Should().Be(1);
        await ChangeAsync(ring => ring.Add(Row(foreign)));
        await host.Get<SigningKeyRing>().LoadAsync(TestContext.Current.CancellationToken);
        (await client.MeAsync(minted)).Should().Be(200, "the control twin");
    }

    public static TheoryData<string, string> Changes => new()
    {
        { "KeyId", "'another-kid'" },
        { "KeyId", "KeyId || 'x'" },
        { "Algorithm", "'RS256'" },
        { "Algorithm", "'HS256'" },
        { "Algorithm", "'none'" },
        { "ForApisOnly", "true" },
        { "SealedPrivateKey", "NULL" },
        { "SealedPrivateKey", "zeroblob(100)" },
        { "PublicKey", "NULL" },
        { "PublicKey", $"x'{Convert.ToHexString(SigningKey.Generate(SignatureAlgorithm.ES256).ExportPublic()!)}'" },
        { "CreatedAt", "CreatedAt + 1" },
        { "SignsFrom", "SignsFrom - 1" },
        { "SignsFrom", "9223372036854775807" },
        { "SignsFrom", "-9223372036854775808" },
        { "SignsFrom", "'soon'" },
        { "RetiredAt", "SignsFrom + 1" },
        { "RetiredAt", "4102444800000" },
        { "RetiredAt", "9223372036854775807" },
        { "RevokedAt", "SignsFrom + 1" },
        { "Seal", "NULL" },
        { "Seal", "x''" },
        { "Seal", "zeroblob(32)" },
        { "Seal", "substr(Seal, 1, 31)" },
        { "Seal", "Seal || x'00'" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task A_row_of_which_anything_was_changed_does_not_count_and_counts_again_when_it_is_put_back(string column, string value)
    {
        Assert.SkipWhen(TestedStore.IsPostgres && value == "'soon'", "PostgreSQL takes no text in a column of numbers.");
        string live = new Forge(host).Live();
        using HttpClient client = host.Connect();
        using var database = new DatabaseFile(host.Directory);
        database.Execute("CREATE TABLE Kept AS SELECT * FROM SigningKeys");
        (await client.MeAsync(live)).Should().Be(200);

        database.Execute($"UPDATE SigningKeys SET {column} = {value}");
        for (int look = 0; look < 3; look++)
            await host.Get<SigningKeyRing>().LoadAsync(TestContext.Current.CancellationToken);

        (await ListAsync()).Should().BeEmpty();
        (await client.MeAsync(live)).Should().Be(401);
        host.Lines("SECURITY: the signing key ", NotUsed).Should().Be(1);

        database.Execute("DELETE FROM SigningKeys");
        database.Execute("INSERT INTO SigningKeys SELECT * FROM Kept");
        await host.Get<SigningKeyRing>().LoadAsync(TestContext.Current.CancellationToken);
        (await ListAsync()).Should().ContainSingle();
        (await client.MeAsync(live)).Should().Be(200);
    }

    [Fact]
    public void Every_column_of_the_table_is_among_those_that_are_changed()
    {
        _ = host.Connect();
        using DbConnection connection = TestedStore.OpenConnection(host.Directory);
        using DbCommand command = connection.CreateCommand();
        command.CommandText = TestedStore.Translate("SELECT * FROM SigningKeys");
        using DbDataReader reader = command.ExecuteReader();
        string[] columns = [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)];

        columns.Should().Contain("PublicKey").And.BeEquivalentTo(Changes.Select(row => row.Data.Item1).Distinct());
    }

    [Theory]
    [InlineData("KeyId")]
    [InlineData("PublicKey")]
    [InlineData("SealedPrivateKey")]
    [InlineData("SignsFrom")]
    [InlineData("RetiredAt")]
    [InlineData("Seal")]
    public async Task Of_two_good_rows_that_swap_a_column_neither_counts_and_a_third_does(string column)
    {
        _ = host.Connect();
        SigningKey second = SigningKey.Generate(SignatureAlgorithm.ES256), third = SigningKey.Generate(SignatureAlgorithm.ES256);
        string first = host.Get<SigningKeyRing>().Signer(true).KeyId;
        await ChangeAsync(ring => ring.AddRange([Row(second, retiredAt: host.Time.GetUtcNow()), Row(third)]));
        (await ListAsync()).Should().HaveCount(3);

        using (var database = new DatabaseFile(host.Directory))
        {
            database.Execute("CREATE TABLE Kept AS SELECT * FROM SigningKeys");
            foreach ((string keyId, string other) in new[] { (first, second.KeyId), (second.KeyId, first) })
            {
                database.Execute(column == "KeyId"
                    ? $"UPDATE SigningKeys SET KeyId = 'now ' || '{other}' WHERE KeyId = '{keyId}'"
                    : $"UPDATE SigningKeys SET {column} = (SELECT {column} FROM Kept WHERE KeyId = '{other}') WHERE KeyId = '{keyId}'");
            }
            database.Execute("UPDATE SigningKeys SET KeyId = substr(KeyId, 5) WHERE KeyId LIKE 'now %'");
        }

        (await ListAsync()).Select(row => row.KeyId).Should().Equal(third.KeyId);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(4 * 60, true)]
    [InlineData(4 * 60 + 1, false)]
    [InlineData(600_000, false)]
    public async Task A_retirement_further_in_the_future_than_clocks_may_step_is_refused_also_with_a_seal(int minutes, bool counts)
    {
        DenialRetention.Margin.Should().Be(TimeSpan.FromHours(4));
        var key = SigningKey.Generate(SignatureAlgorithm.ES256);
        await ChangeAsync(ring => ring.Add(Row(key, retiredAt: host.Time.GetUtcNow().AddMinutes(minutes))));

        (await ListAsync()).Exists(row => row.KeyId == key.KeyId).Should().Be(counts);
        host.Lines($"the signing key {key.KeyId} {NotUsed}: it is retired in the future").Should().Be(counts ? 0 : 1);
    }

    [Fact]
    public async Task What_does_not_count_is_never_written_to_and_the_ring_goes_on_with_a_key_of_its_own()
    {
        using HttpClient client = host.Connect();
        string before = host.Get<SigningKeyRing>().Signer(true).KeyId;
        using var database = new DatabaseFile(host.Directory);
        database.Execute("UPDATE SigningKeys SET SignsFrom = SignsFrom + 1");

        await host.Get<SigningKeyRing>().AdvanceAsync(TestContext.Current.CancellationToken);

        host.Get<SigningKeyRing>().Signer(true).KeyId.Should().NotBe(before);
        (await client.MeAsync(new Forge(host).Live())).Should().Be(200);
        (await client.AskAsync("GET", "/health/ready")).Status.Should().Be(200);
        database.Number("SELECT count(*) FROM SigningKeys WHERE KeyId = $p", before).Should().Be(1, "it shows what was tried");
        (await host.Get<SigningKeyStore>().DiscardNotBelievedAsync()).Should().Be(1);
        (await host.Get<SigningKeyStore>().DiscardNotBelievedAsync()).Should().Be(0);
        (await ListAsync()).Should().ContainSingle();
    }

    [Fact]
    public async Task A_name_that_is_none_of_ours_is_not_written_into_the_log_and_a_thousand_rows_do_not_fill_it()
    {
        _ = host.Connect();
        using var database = new DatabaseFile(host.Directory);
        database.Execute($"""
            WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000)
            INSERT INTO SigningKeys (KeyId, Algorithm, ForApisOnly, CreatedAt, SignsFrom)
            SELECT '{"\n"}forged line ' || n, 'ES256', false, 0, 0 FROM numbers
            """);

        (await ListAsync()).Should().ContainSingle();
        await ListAsync();

        host.Log.All.Where(line => line.Contains("forged line", StringComparison.Ordinal)).Should().BeEmpty();
        host.Lines("(not a name of this service)", NotUsed).Should().Be(100);
    }

    private Task<List<SigningKeyRow>> ListAsync() => host.Get<SigningKeyStore>().ListAsync(TestContext.Current.CancellationToken);

    private Task<bool> ChangeAsync(Action<List<SigningKeyRow>> change) => host.Get<SigningKeyStore>().ChangeAsync(
        ring =>
        {
            change(ring);
            return true;
        }, TestContext.Current.CancellationToken);

    // As the service writes it.
    private SigningKeyRow Row(SigningKey key, DateTimeOffset? retiredAt = null) => new()
    {
        KeyId = key.KeyId,
        Algorithm = key.Algorithm,
        ForApisOnly = false,
        SealedPrivateKey = host.Get<MasterKey>().Seal("signing keys", key.KeyId, key.ExportPrivate()),
        PublicKey = key.ExportPublic(),
        CreatedAt = host.Time.GetUtcNow(),
        SignsFrom = host.Time.GetUtcNow().AddMinutes(30),
        RetiredAt = retiredAt,
    };

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
