using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Storage;

/// <summary>The database's files are for the service's user alone, also those that were put back by hand.</summary>
[SqliteOnly("the files are those of SQLite")]
public sealed class PrivateFilesTests : IDisposable
{
    private const UnixFileMode Everybody = (UnixFileMode)0b110_100_100, Private = (UnixFileMode)0b110_000_000,
        OpenDirectory = (UnixFileMode)0b111_101_101, WritableDirectory = (UnixFileMode)0b111_111_111,
        PrivateDirectory = (UnixFileMode)0b111_000_000;

    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;

    [Fact]
    public async Task A_database_that_others_can_read_is_made_private_at_the_start_and_that_is_told()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        string database = Path.Combine(directory, "jwtauth.db");
        await using (ServerProcess first = await StartAsync())
        {
            first.StandardOutput.Should().NotContain("SECURITY");
            first.Kill(); // what is in the log of SQLite stays there
        }
        string[] files = [database, database + "-wal", database + "-shm"];
        foreach (string file in files)
            Set(file, Everybody);
        Set(directory, OpenDirectory);

        await using ServerProcess second = await StartAsync();

        foreach (string file in Directory.GetFiles(directory))
            Mode(file).Should().Be(Private, file);
        Mode(directory).Should().Be(PrivateDirectory);
        foreach (string path in files.Append(directory))
            second.StandardOutput.Should().Contain($"SECURITY: {path} was open to other users");
    }

    [Theory]
    [InlineData(WritableDirectory, false)]
    [InlineData(OpenDirectory, true)]
    public async Task A_directory_with_files_of_others_stays_as_it_is_and_must_not_be_everybodys_to_write(UnixFileMode mode, bool isGood)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        await File.WriteAllTextAsync(Path.Combine(directory, "another.txt"), "", TestContext.Current.CancellationToken);
        Set(directory, mode);

        (int code, _, string error) = await ServerProcess.RunAsync(directory, ["users", "list"], "", new Dictionary<string, string>());

        (code, error.StartsWith($"error: JwtAuth:DataDirectory: everybody may write to {directory}", StringComparison.Ordinal))
            .Should().Be((isGood ? 0 : 1, !isGood));
        error.Split('\n').Should().HaveCountLessThanOrEqualTo(2);
        Mode(directory).Should().Be(mode);
        Directory.GetFiles(directory, "jwtauth.db").Select(Mode).Should().OnlyContain(made => made == Private);
    }

    [Fact]
    public async Task Processes_of_one_issuer_share_a_database_and_one_of_another_does_not_start_beside_them()
    {
        Dictionary<string, string> one = new() { ["JwtAuth:Issuer"] = "http://localhost:5080" },
            other = new() { ["JwtAuth:Issuer"] = "http://localhost:5081" };
        ServerProcess first = await StartAsync(one);
        await using (first)
        {
            await using (ServerProcess second = await StartAsync(one))
                second.StandardError.Should().BeEmpty();

            await using ServerProcess stranger = await StartAsync(other);
            (await stranger.WaitForExitAsync()).Should().Be(1);
            stranger.StandardError.Should().MatchRegex(@"\Aerror: [^\n]+\n\z")
                .And.StartWith("error: JwtAuth:Issuer is http://localhost:5081")
                .And.Contain("http://localhost:5080").And.Contain("JwtAuth:DataDirectory");
            (int code, _, string error) = await ServerProcess.RunAsync(directory, ["users", "list"], "", other);
            (code, error).Should().Be((0, ""), "a command issues no tokens");
        }

        await using ServerProcess moved = await StartAsync(other);
        moved.StandardError.Should().BeEmpty("the first is gone, though it was killed");
        moved.StandardOutput.Should().Contain("Application started.");
    }

    public void Dispose()
    {
        Set(directory, PrivateDirectory);
        Directory.Delete(directory, recursive: true);
    }

    private Task<ServerProcess> StartAsync(Dictionary<string, string>? settings = null) =>
        ServerProcess.StartAsync(directory, settings ?? new() { ["JwtAuth:SigningKeys:Algorithm"] = "ES256" });

    private static void Set(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
    }

    private static UnixFileMode Mode(string path) => OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(path);
}
