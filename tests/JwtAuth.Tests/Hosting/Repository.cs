namespace JwtAuth.Tests.Hosting;

/// <summary>The checkout that the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    private static string Find(string directory) =>
        File.Exists(Path.Combine(directory, "JwtAuth.sln")) ? directory
        : Path.GetDirectoryName(directory) is { } parent ? Find(parent)
        : throw new DirectoryNotFoundException("The tests lie outside the repository: no JwtAuth.sln above them.");
}
