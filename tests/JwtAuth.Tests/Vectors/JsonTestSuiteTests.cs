using System.Net;
using System.Text;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Vectors;

/// <summary>
/// Every file of the suite inside a token that the service itself signed. What is no JSON (n_) is refused wherever it stands; what is
/// JSON (y_) is read as the value of a member that means nothing here, save the two with duplicate names, which are refused on purpose;
/// of the rest (i_) either is right.
/// </summary>
public sealed class JsonTestSuiteTests(AlgorithmHosts hosts) : IClassFixture<AlgorithmHosts>
{
    private const string Source = "https://github.com/nst/JSONTestSuite (test_parsing, commit 1ef36fa0)";

    // The suite leaves open what duplicate names mean; two readers can differ about it.
    private static readonly string[] Ambiguous = ["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"];

    [Theory]
    [InlineData(SignatureAlgorithm.RS256)]
    [InlineData(SignatureAlgorithm.HS256)]
    [InlineData(SignatureAlgorithm.ES256)]
    [Trait("row", "JSN-17")]
    public void As_a_value_in_header_or_claims_what_is_no_JSON_is_refused_and_what_is_JSON_is_accepted(SignatureAlgorithm algorithm)
    {
        ServerHost host = hosts.Of(algorithm);
        var forge = new Forge(host);
        TokenValidator validator = host.Get<TokenValidator>();

        List<string> wrong = [];
        foreach ((string name, byte[] content) in Files())
        {
            bool? expected = name[0] switch { 'n' => false, 'y' => !Ambiguous.Contains(name), _ => null };
            foreach ((string place, string token) in AsValue(forge, content))
            {
                if (validator.TryValidate(token, out _, out _) != expected && expected is not null)
                    wrong.Add($"{name} as {place}");
            }
        }
        wrong.Should().BeEmpty();
    }

    [Theory]
    [InlineData(SignatureAlgorithm.RS256)]
    [InlineData(SignatureAlgorithm.HS256)]
    [InlineData(SignatureAlgorithm.ES256)]
    [Trait("row", "JSN-17")]
    public void As_the_whole_header_or_the_whole_claims_set_every_file_is_refused(SignatureAlgorithm algorithm)
    {
        ServerHost host = hosts.Of(algorithm);
        var forge = new Forge(host);
        TokenValidator validator = host.Get<TokenValidator>();

        validator.TryValidate(forge.Sign(forge.HeaderText(), forge.ClaimsText()), out _, out _)
            .Should().BeTrue("the control twin is made in the same way");
        foreach ((string name, byte[] content) in Files())
        {
            foreach (string token in AsWhole(forge, content))
                validator.TryValidate(token, out _, out _).Should().BeFalse(name);
        }
    }

    [Fact]
    [Trait("row", "JSN-17")]
    public async Task Through_HTTP_a_sample_with_the_largest_is_judged_alike_and_nothing_is_an_error_of_the_service()
    {
        ServerHost host = hosts.Of(SignatureAlgorithm.ES256);
        var forge = new Forge(host);
        TokenValidator validator = host.Get<TokenValidator>();
        (string Name, byte[] Content)[] files = [.. Files().OrderByDescending(file => file.Content.Length)];
        using var wire = new Wire(host.Issuer);

        List<HttpStatusCode> seen = [];
        for (int index = 0; index < files.Length; index += index < 10 ? 1 : 4)
        {
            foreach (string token
                in AsValue(forge, files[index].Content).Select(place => place.Token).Concat(AsWhole(forge, files[index].Content)))
            {
                HttpStatusCode status = (await wire.AskAsync(token, TestContext.Current.CancellationToken)).Status;
                seen.Add(status);
                status.Should().Be(
                    validator.TryValidate(token, out _, out _) ? HttpStatusCode.OK
                    : token.Length > 32 * 1024 ? HttpStatusCode.RequestHeaderFieldsTooLarge
                    : HttpStatusCode.Unauthorized, files[index].Name);
            }
        }
        seen.Distinct()
            .Should().BeEquivalentTo([HttpStatusCode.OK, HttpStatusCode.Unauthorized, HttpStatusCode.RequestHeaderFieldsTooLarge]);
    }

    private static IEnumerable<(string Place, string Token)> AsValue(Forge forge, byte[] content)
    {
        byte[] header = Encoding.UTF8.GetBytes(forge.HeaderText()), claims = Encoding.UTF8.GetBytes(forge.ClaimsText());
        yield return ("a header member, last", forge.Sign(Last(header), claims));
        yield return ("a header member, first", forge.Sign(First(header), claims));
        yield return ("a claim, last", forge.Sign(header, Last(claims)));
        yield return ("a claim, first", forge.Sign(header, First(claims)));

        byte[] Last(byte[] json) => [.. json[..^1], .. ",\"x\":"u8, .. content, .. "}"u8];
        byte[] First(byte[] json) => [.. "{\"x\":"u8, .. content, .. ","u8, .. json[1..]];
    }

    private static IEnumerable<string> AsWhole(Forge forge, byte[] content)
    {
        yield return forge.Sign(content, Encoding.UTF8.GetBytes(forge.ClaimsText()));
        yield return forge.Sign(Encoding.UTF8.GetBytes(forge.HeaderText()), content);
    }

    private static List<(string Name, byte[] Content)> Files()
    {
        string folder = VectorFolder.Find("JSONTestSuite/test_parsing", Source);
        List<(string Name, byte[] Content)> files =
            [.. Directory.GetFiles(folder, "*.json").Order().Select(path => (Path.GetFileName(path), File.ReadAllBytes(path)))];
        files.Should().HaveCount(318);
        return files;
    }
}
