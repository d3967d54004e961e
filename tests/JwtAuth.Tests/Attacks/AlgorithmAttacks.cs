namespace JwtAuth.Tests.Attacks;

/// <summary>Area ALG: the JOSE header and the algorithm.</summary>
internal static class AlgorithmAttacks
{
    public static IEnumerable<Attack> Cases =>
    [
        .. new[] { "none", "None", "NONE", "nOnE", "noNE" }.Select(alg => new Attack("ALG-02", $"alg {alg}, unsigned", forge =>
        {
            var header = forge.Header();
            header["alg"] = alg;
            return $"{Forge.Encode(header.ToJsonString())}.{Forge.Encode(forge.Claims().ToJsonString())}.";
        })),
        new("ALG-33", "typ application/at+jwt", forge => forge.WithHeader(header => header["typ"] = "application/at+jwt"), IsAccepted: true),
        new("ALG-33", "typ AT+JWT", forge => forge.WithHeader(header => header["typ"] = "AT+JWT"), IsAccepted: true),
    ];
}
