using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Vectors;

/// <summary>
/// Finds test vectors that others wrote. They are read where they lie and never copied here; without them a test is skipped.
/// </summary>
internal static class VectorFolder
{
    /// <summary>The file or folder below the vectors' folder.</summary>
    /// <param name="name">Such as <c>wycheproof/json_web_signature_test.json</c>.</param>
    /// <param name="source">Where the public has it.</param>
    public static string Find(string name, string source)
    {
        string folder = Environment.GetEnvironmentVariable("JWTAUTH_VECTORS") ?? Path.Combine(Repository.Root, "..", "shared", "vectors");
        string path = Path.GetFullPath(Path.Combine(folder, name));
        Assert.SkipUnless(
            Path.Exists(path), $"{name} is not there. Get it from {source} and name the folder that holds it in JWTAUTH_VECTORS.");
        return path;
    }
}
