using System.Text.Json;

namespace JwtAuth.Tests.Vectors;

public sealed class WycheproofTests
{
    private const string Source = "https://github.com/C2SP/wycheproof (testvectors_v1/json_web_signature_test.json, commit dac1dd47)";

    // Labelled valid, and not to be relied on: a question mark inside base64url, PS384 with a PS256 key, a curve's name misspelt.
    private static readonly int[] Doubtful = [346, 347, 350, 351, 372, 373];

    // Labelled invalid for their padding, which the file does not hold: letter for letter the valid vector 357 under the same key.
    private static readonly int[] Mislabelled = [367, 370];

    private sealed record Vector(int Id, string Jws, string Key, bool IsValid);

    [Fact]
    [Trait("row", "SIG-18")]
    public void Of_the_signatures_that_must_verify_those_of_our_three_algorithms_do_and_the_others_are_refused_for_their_algorithm()
    {
        Vector[] valid = [.. Read().Where(vector => vector.IsValid && !Doubtful.Contains(vector.Id))];
        Vector[] ours = [.. valid.Where(vector => Jws.NamesOurAlgorithm(vector.Jws))];

        valid.Should().HaveCount(40);
        ours.Should().HaveCount(18);
        ours.Where(vector => !Jws.Verifies(vector.Jws, vector.Key)).Select(vector => vector.Id).Should().BeEmpty();
        valid.Except(ours).Where(vector => Jws.Verifies(vector.Jws, vector.Key)).Select(vector => vector.Id).Should().BeEmpty();
    }

    [Fact]
    [Trait("row", "SIG-18")]
    public void Every_signature_that_must_not_verify_is_refused_save_the_two_that_are_the_text_of_a_valid_one()
    {
        Vector[] all = Read(), invalid = [.. all.Where(vector => !vector.IsValid)];
        Vector original = all.Single(vector => vector.Id == 357);
        int[] twins = [.. invalid.Where(vector => (vector.Jws, vector.Key) == (original.Jws, original.Key)).Select(vector => vector.Id)];

        invalid.Should().HaveCount(355);
        twins.Should().Equal(Mislabelled, "whoever accepts the one cannot refuse the other");
        invalid.Where(vector => Jws.Verifies(vector.Jws, vector.Key)).Select(vector => vector.Id).Should().Equal(twins);
        all.Count(vector => vector.IsValid && Jws.Verifies(vector.Jws, vector.Key)).Should().Be(18, "the same check accepts what is valid");
    }

    private static Vector[] Read()
    {
        using var file = JsonDocument.Parse(File.ReadAllText(VectorFolder.Find("wycheproof/json_web_signature_test.json", Source)));
        return
        [
            .. from @group in file.RootElement.GetProperty("testGroups").EnumerateArray()
               let key = @group.TryGetProperty("public", out JsonElement published) ? published : @group.GetProperty("private")
               from test in @group.GetProperty("tests").EnumerateArray()
               select new Vector(test.GetProperty("tcId").GetInt32(), test.GetProperty("jws").GetString()!, key.GetRawText(),
                   test.GetProperty("result").GetString() == "valid"),
        ];
    }
}
