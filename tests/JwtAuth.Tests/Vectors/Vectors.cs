using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Vectors;

/// <summary>Test vectors that others wrote. They are not part of this repository: a test that needs them is skipped where they are missing.</summary>
internal static class Vectors
{
    /// <summary>The folder of this name below <c>JWTAUTH_VECTORS</c>, else below <c>../shared/vectors</c> beside the repository.</summary>
    public static string Folder(string name)
    {
        string root = Environment.GetEnvironmentVariable("JWTAUTH_VECTORS") is { Length: > 0 } given
            ? given
            : Path.Combine(Repository.Root, "..", "shared", "vectors");
        string folder = Path.GetFullPath(Path.Combine(root, name));
        if (!Directory.Exists(folder))
            Assert.Skip($"The vectors \"{name}\" are not here; set JWTAUTH_VECTORS to the folder that holds them.");
        return folder;
    }
}
