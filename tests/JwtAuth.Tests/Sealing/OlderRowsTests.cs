using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;
using JwtAuth.Server.Storage.Sqlite;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.PersonalAccessTokens;
using JwtAuth.Tests.RefreshTokens;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace JwtAuth.Tests.Sealing;

/// <summary>A database of a version without seals goes on working, and what it holds is taken over once.</summary>
[SqliteOnly("no version without seals knew another engine")]
public sealed class OlderRowsTests : IAsyncDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
    private readonly byte[] masterKey = RandomNumberGenerator.GetBytes(32);
    private ServerHost host;
    private string? issuer;

    public OlderRowsTests() => host = NewHost();

    [Theory]
    [InlineData(SignatureAlgorithm.RS256)]
    [InlineData(SignatureAlgorithm.ES256)]
    [InlineData(SignatureAlgorithm.HS256)]
    public async Task After_the_upgrade_everything_goes_on_that_proves_itself_and_a_planted_key_does_not(SignatureAlgorithm algorithm)
    {
        host.With("JwtAuth:SigningKeys:Algorithm", $"{algorithm}");
        await host.AddAccountAsync("alice");
        HttpClient client = host.Connect();
        Tokens tokens = await client.BeginAsync("alice");
        MadeToken made = await client.MakeAsync(await host.LoginAsync("alice", host.Issuer));
        string signer = host.Get<SigningKeyRing>().Signer(true).KeyId;
        SigningKey planted = SigningKey.Generate(SignatureAlgorithm.ES256), revoked = SigningKey.Generate(algorithm);
        KeySchedule schedule = host.Get<KeySchedule>();
        await host.Get<SigningKeyStore>().ChangeAsync(
            ring => schedule.TryAdd(ring, revoked, host.Time.GetUtcNow().AddMinutes(1)) && schedule.Revoke(ring, revoked.KeyId),
            TestContext.Current.CancellationToken);

        await RestartAsync(database =>
        {
            Downgrade(database);
            foreach ((string keyId, string retiredAt) in new[] { (planted.KeyId, "4102444800000"), ("planted-and-live", "NULL") })
                database.Execute($"""
                    INSERT INTO SigningKeys (KeyId, Algorithm, ForApisOnly, SealedPrivateKey, PublicKey, CreatedAt, SignsFrom, RetiredAt)
                    VALUES ('{keyId}', 'ES256', 0, NULL, x'{Convert.ToHexString(planted.ExportPublic()!)}', 0, 0, {retiredAt})
                    """);
        }, algorithm);
        client = host.Connect();

        host.Get<SigningKeyRing>().Signer(true).KeyId.Should().Be(signer);
        (await client.MeAsync(tokens.Access)).Should().Be(200);
        tokens = await client.RotateAsync(tokens);
        (await client.LivesAsync(made.Token)).Should().BeTrue();
        host.Lines("taken over: 2 signing keys, 1 sessions, 1 personal access tokens").Should().Be(1);
        (await client.AskAsync("GET", "/.well-known/jwks.json")).Body
            .Should().NotContain(planted.KeyId).And.NotContain("planted-and-live").And.NotContain(revoked.KeyId);
        string minted = Forge.SignParts(
            Forge.Encode(new JsonObject { ["alg"] = "ES256", ["kid"] = planted.KeyId, ["typ"] = "at+jwt" }.ToJsonString()),
            tokens.Access.Split('.')[1], planted);
        (await client.MeAsync(minted)).Should().Be(401);
        host.Lines("the signing key planted-and-live in the database is not used").Should().Be(1);
        host.Lines($"the signing key {planted.KeyId}").Should().Be(0, "what was retired before is gone, and alarms nobody");
        schedule = host.Get<KeySchedule>();
        (await host.Get<SigningKeyStore>().ChangeAsync(
            ring => schedule.TryAdd(ring, revoked, host.Time.GetUtcNow()), TestContext.Current.CancellationToken))
            .Should().BeFalse("what was revoked stays revoked");

        await RestartAsync(_ => { }, algorithm);
        client = host.Connect();
        tokens = await client.RotateAsync(tokens);
        host.Lines("taken over").Should().Be(0, "it happens once");
    }

    [Fact]
    public async Task Rows_without_a_seal_are_never_taken_over_again()
    {
        await host.AddAccountAsync("alice");
        HttpClient client = host.Connect();
        Tokens tokens = await client.BeginAsync("alice");
        string signer = host.Get<SigningKeyRing>().Signer(true).KeyId;

        // As somebody would who can write the database: the schema of the older version and its rows, but not its sealed phrase.
        await RestartAsync(database => Downgrade(database, writesPhrase: false));
        client = host.Connect();

        host.Lines("taken over").Should().Be(0);
        host.Get<SigningKeyRing>().Signer(true).KeyId.Should().NotBe(signer);
        (await client.MeAsync(tokens.Access)).Should().Be(401);
        (await client.RefreshAsync(tokens.Refresh)).ShouldBeInvalidGrant();
        (await client.MeAsync((await client.BeginAsync("alice")).Access)).Should().Be(200);
    }

    // The schema and the rows as the version before left them.
    private void Downgrade(DatabaseFile database, bool writesPhrase = true)
    {
        var options = new DbContextOptionsBuilder<SqliteDb>();
        SqliteDb.Configure(options, TestedStore.ConnectionString(directory));
        using (var db = new SqliteDb(options.Options, new WriteLane(Patience.Limit, TimeProvider.System)))
            db.GetService<IMigrator>().Migrate("20261122074900_CookiesAndPersonalAccessTokens");
        FluentActions.Invoking(() => database.Number("SELECT count(Seal) FROM SigningKeys")).Should().Throw<Exception>();
        byte[] check = new MasterKey(masterKey).Seal("check", "check", Encoding.ASCII.GetBytes("the right master key opens this"));
        if (writesPhrase)
            database.Execute($"UPDATE MasterKeyChecks SET Sealed = x'{Convert.ToHexString(check)}'");
    }

    private async Task RestartAsync(Action<DatabaseFile> meanwhile, SignatureAlgorithm algorithm = SignatureAlgorithm.ES256)
    {
        issuer ??= host.Issuer;
        await host.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        using (var database = new DatabaseFile(directory))
            meanwhile(database);
        host = NewHost().With("JwtAuth:SigningKeys:Algorithm", $"{algorithm}");
    }

    private ServerHost NewHost()
    {
        ServerHost made = new ServerHost(directory).With("JwtAuth:SigningKeys:Algorithm", "ES256")
            .With("JwtAuth:MasterKey", Convert.ToBase64String(masterKey));
        return issuer is null ? made : made.With("JwtAuth:Issuer", issuer);
    }

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(directory, recursive: true);
    }
}
