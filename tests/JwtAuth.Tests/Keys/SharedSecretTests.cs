using System.Security.Cryptography;
using System.Text;
using JwtAuth.Bearer;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Apis;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Keys;

/// <summary>
/// An API that shares a secret with the issuer (HS256): by the names that the issuer announces where it is heard, by the secret alone where
/// not, and never for the account.
/// </summary>
public sealed class SharedSecretTests : IAsyncDisposable
{
    private static readonly string Secret = Convert.ToBase64String(DigestOf("one")), Another = Convert.ToBase64String(DigestOf("another"));

    private readonly ServerHost host = new ServerHost()
        .With("JwtAuth:SigningKeys:Algorithm", "HS256").With("JwtAuth:SigningKeys:Hs256Secret", Secret);
    private readonly TestClient reader;

    public SharedSecretTests() => reader = host.AddClient("api", may: "denials");

    [Fact]
    public async Task Where_denials_are_not_heard_the_secret_counts_under_any_kid()
    {
        var forge = new Forge(host);
        await using ApiHost api = Api("None", Secret);
        using HttpClient client = api.Connect();
        (await client.AskWithAsync(forge.Live())).Status.Should().Be(200);
        (await client.AskWithAsync(Minted(forge, "anything", Secret))).Status.Should().Be(200);
        (await client.AskWithAsync(Minted(forge, "anything", Another))).ShouldBeRefused(401, "bad_signature");
    }

    [Fact]
    public async Task Where_denials_are_heard_the_secret_counts_under_the_announced_kid_alone()
    {
        var forge = new Forge(host);
        await using ApiHost api = Api("Feed", Another, Secret);
        using HttpClient client = api.Connect();
        await client.HeardAsync();
        (await client.AskWithAsync(forge.Live())).Status.Should().Be(200);
        (await client.AskWithAsync(Minted(forge, forge.Key.KeyId, Secret))).Status.Should().Be(200);
        (await client.AskWithAsync(Minted(forge, "anything", Secret))).ShouldBeRefused(401, "unknown_key");
        (await client.AskWithAsync(Minted(forge, forge.Key.KeyId, Another))).ShouldBeRefused(401, "bad_signature");
    }

    [Fact]
    public async Task A_secret_that_does_not_prove_to_be_the_issuers_is_not_taken_under_its_kid()
    {
        var forge = new Forge(host);
        await using ApiHost wrong = Api("Feed", Another), right = Api("Feed", Secret);
        using HttpClient wrongly = wrong.Connect(), rightly = right.Connect();
        await wrongly.HeardAsync();
        await rightly.HeardAsync();
        (await wrongly.AskWithAsync(Minted(forge, forge.Key.KeyId, Another))).ShouldBeRefused(401, "unknown_key");
        (await wrongly.AskWithAsync(forge.Live())).ShouldBeRefused(401, "unknown_key");
        (await rightly.AskWithAsync(forge.Live())).Status.Should().Be(200);
    }

    [Theory]
    [InlineData("None")]
    [InlineData("Feed")]
    public async Task A_secret_never_speaks_for_the_account(string denials)
    {
        var forge = new Forge(host);
        await using ApiHost api = Api(denials, Secret)
            .With(services => services.Configure<JwtAuthBearerOptions>("Bearer", options => options.Audiences.Add(host.Issuer)));
        using HttpClient client = api.Connect();
        await client.HeardAsync();
        (await client.AskWithAsync(forge.Live())).Status.Should().Be(200);
        (await client.AskWithAsync(forge.WithClaim("aud", $"\"{host.Issuer}\""))).ShouldBeRefused(401, "key_not_for_audience");
        (await client.AskWithAsync(forge.WithClaim("aud", $"[\"orders\",\"{host.Issuer}\"]"))).ShouldBeRefused(401, "key_not_for_audience");
    }

    [Fact]
    public async Task Before_the_issuer_has_announced_its_secrets_a_token_gets_503_and_not_401()
    {
        var forge = new Forge(host);
        await using ApiHost early = Api("Feed", Secret).With("JwtAuth:ClientSecret", "not the client's"), heard = Api("Feed", Secret);
        using HttpClient tooEarly = early.Connect(), client = heard.Connect();
        await client.HeardAsync();
        (await client.AskWithAsync(forge.Live())).Status.Should().Be(200);
        (await tooEarly.AskWithAsync(forge.Live())).ShouldBeRefused(503, "keys_unknown");
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();

    private static byte[] DigestOf(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private static string Minted(Forge forge, string keyId, string secret) =>
        Forge.SignParts(Forge.Encode($$"""{"alg":"HS256","kid":"{{keyId}}","typ":"at+jwt"}"""), Forge.Encode(forge.ClaimsText()),
            SigningKey.FromPrivate(SignatureAlgorithm.HS256, Convert.FromBase64String(secret), keyId));

    private ApiHost Api(string denials, params string[] secrets)
    {
        host.Connect().Dispose(); // whose time stands still does not ask again
        ApiHost api = new ApiHost(host.Issuer) { Time = host.Time }.With("JwtAuth:Denials", denials)
            .With("JwtAuth:ClientId", reader.Id).With("JwtAuth:ClientSecret", reader.Secret);
        for (int number = 0; number < secrets.Length; number++)
            api.With($"JwtAuth:SharedSecrets:{number}", secrets[number]);
        return api;
    }
}
