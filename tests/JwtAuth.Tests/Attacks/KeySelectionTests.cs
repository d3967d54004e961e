using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Attacks;

/// <summary>A token names its key and nothing else: not where to fetch it, not which file it is in, not what algorithm it is for.</summary>
public sealed class KeySelectionTests(AlgorithmHosts hosts) : IClassFixture<AlgorithmHosts>
{
    [Theory]
    [InlineData("x5u", false)]
    [InlineData("x5u", true)]
    [InlineData("jku", false)]
    [InlineData("jku", true)]
    [InlineData("kid", false)]
    [InlineData("kid", true)]
    [InlineData("iss", true)]
    [Trait("row", "ALG-21")]
    public async Task Nobody_is_asked_for_a_key_that_a_token_says_is_elsewhere(string member, bool signedByTheService)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string url = $"\"http://{listener.LocalEndpoint}/keys\"";

        foreach (SignatureAlgorithm algorithm in Enum.GetValues<SignatureAlgorithm>())
        {
            ServerHost host = hosts.Of(algorithm);
            var forge = new Forge(host);
            SigningKey attacker = SigningKey.Generate(algorithm);
            string header = member == "iss" ? forge.HeaderText() : Forge.Set(forge.Header(), member, url);
            string claims = member == "iss" ? Forge.Set(forge.Claims(), "iss", url) : forge.ClaimsText();

            await ShouldBeAsync(host, forge.Live(), isAccepted: true);
            await ShouldBeAsync(host,
                Forge.SignParts(Forge.Encode(header), Forge.Encode(claims), signedByTheService ? forge.Key : attacker), isAccepted: false);
        }

        listener.Pending().Should().BeFalse("nobody came");
        using var visitor = new TcpClient();
        await visitor.ConnectAsync((IPEndPoint)listener.LocalEndpoint, TestContext.Current.CancellationToken);
        listener.Pending().Should().BeTrue("whoever had come would have been seen");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("row", "ALG-23")]
    public async Task A_file_that_a_kid_names_is_no_key(bool absolute)
    {
        ServerHost host = hosts.Of(SignatureAlgorithm.HS256);
        var forge = new Forge(host);
        byte[] secret = RandomNumberGenerator.GetBytes(32);
        string file = Path.Combine(host.Directory, "planted.key");
        await File.WriteAllBytesAsync(file, secret, TestContext.Current.CancellationToken);
        string kid = absolute ? file : Path.GetRelativePath(Environment.CurrentDirectory, file);

        await ShouldBeAsync(host, forge.Live(), isAccepted: true);
        await ShouldBeAsync(host, Forge.Mac(Forge.Set(forge.Header(), "kid", $"\"{kid}\""), forge.ClaimsText(), secret), isAccepted: false);
    }

    [Fact]
    [Trait("row", "ALG-14")]
    public async Task In_a_mixed_ring_each_key_is_used_with_its_own_algorithm_alone()
    {
        string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;
        try
        {
            Dictionary<SignatureAlgorithm, SigningKey> keys = [];
            foreach (SignatureAlgorithm algorithm in Enum.GetValues<SignatureAlgorithm>())
            {
                // A start with another algorithm retires the key before it, which goes on verifying.
                await using ServerHost host = new ServerHost(directory).With("JwtAuth:SigningKeys:Algorithm", $"{algorithm}");
                keys.Add(algorithm, new Forge(host).Key);
                if (keys.Count < 3)
                    continue;

                foreach ((SignatureAlgorithm signing, SigningKey key) in keys)
                {
                    foreach (SignatureAlgorithm named in keys.Keys)
                    {
                        foreach (SigningKey kid in keys.Values)
                            await ShouldBeAsync(host, Token(new Forge(host), key, named, kid), isAccepted: named == signing && kid == key);
                    }
                }

                byte[] secret = keys[SignatureAlgorithm.HS256].ExportPrivate();
                foreach (SigningKey published in keys.Values.Where(key => key.Algorithm != SignatureAlgorithm.HS256))
                {
                    string header = Header("HS256", published.KeyId), claims = new Forge(host).ClaimsText();
                    await ShouldBeAsync(host, Forge.Mac(header, claims, secret), isAccepted: false);
                    await ShouldBeAsync(host, Forge.Mac(header, claims, published.ExportPublic()!), isAccepted: false);
                    await ShouldBeAsync(host, Forge.Mac(header, claims,
                        Encoding.ASCII.GetBytes(PemEncoding.WriteString("PUBLIC KEY", published.ExportPublic()))), isAccepted: false);
                }
            }
        }
        finally
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            Directory.Delete(directory, recursive: true);
        }

        static string Header(string alg, string kid) => $$"""{"alg":"{{alg}}","kid":"{{kid}}","typ":"at+jwt"}""";
        static string Token(Forge forge, SigningKey key, SignatureAlgorithm named, SigningKey kid) =>
            Forge.SignParts(Forge.Encode(Header($"{named}", kid.KeyId)), Forge.Encode(forge.ClaimsText()), key);
    }

    [Fact]
    [Trait("row", "ALG-16")]
    public void The_other_half_of_an_ES256_signature_is_the_same_token_by_its_jti()
    {
        ServerHost host = hosts.Of(SignatureAlgorithm.ES256);
        string live = new Forge(host).Live();
        string[] parts = live.Split('.');
        byte[] signature = Forge.Decode(parts[2]);
        var order = new BigInteger(
            Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"), isUnsigned: true, isBigEndian: true);
        byte[] other = (order - new BigInteger(signature.AsSpan(32), isUnsigned: true, isBigEndian: true))
            .ToByteArray(isUnsigned: true, isBigEndian: true);
        string twin = $"{parts[0]}.{parts[1]}.{Forge.Encode([.. signature[..32], .. new byte[32 - other.Length], .. other])}";
        TokenValidator validator = host.Get<TokenValidator>();

        twin.Should().NotBe(live);
        validator.TryValidate(live, out AccessToken? one, out _).Should().BeTrue();
        validator.TryValidate(twin, out AccessToken? two, out _)
            .Should().BeTrue("(r, n - s) is a signature wherever (r, s) is one, and who holds the token gains nothing by it");
        two!.JwtId.Should().Be(one!.JwtId, "what is revoked is the jti, whatever the text");
        validator.TryValidate($"{parts[0]}.{parts[1]}.{Forge.Encode([.. signature[32..], .. signature[..32]])}", out _, out _)
            .Should().BeFalse();
    }

    private static async Task ShouldBeAsync(ServerHost host, string token, bool isAccepted)
    {
        host.Get<TokenValidator>().TryValidate(token, out _, out TokenRejection? rejection)
            .Should().Be(isAccepted, $"{rejection} was the verdict");
        using HttpClient client = host.Connect(token);
        using HttpResponseMessage reply = await client.GetAsync("/me", TestContext.Current.CancellationToken);
        reply.StatusCode.Should().Be(isAccepted ? HttpStatusCode.OK : HttpStatusCode.Unauthorized);
    }
}
