using System.Text.RegularExpressions;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Observability;

/// <summary>A machine's language and calendar are its users' affair: logs and replies are the same everywhere.</summary>
public sealed partial class CultureTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-").FullName;

    [Theory]
    [InlineData("fa_IR.UTF-8", "Development")] // the Persian calendar
    [InlineData("ar_SA.UTF-8", "Production")] // the Islamic one, and other digits
    [InlineData("th_TH.UTF-8", "Production")] // the Buddhist one
    [InlineData("tr_TR.UTF-8", "Development")] // another upper case of i
    public async Task In_any_language_times_are_ours_and_names_are_compared_as_ever(string language, string environment)
    {
        int year = DateTimeOffset.UtcNow.Year;
        Dictionary<string, string> settings = new()
        {
            ["$LANG"] = language,
            ["$LC_ALL"] = language,
            ["JwtAuth:SigningKeys:Algorithm"] = "ES256",
            // The lines of the log are those of Production, and all else is open.
            ["Logging:Console:FormatterName"] = environment == "Production" ? "json" : "simple",
        };
        await using ServerProcess server = await ServerProcess.StartAsync(directory, settings);
        using var client = new HttpClient { BaseAddress = server.Address };

        (await client.RegisterAsync("istanbul")).Status.Should().Be(201);
        (await client.RegisterAsync("ISTANBUL")).Code.Should().Be("username_taken");
        (await client.LoginAsync("IsTaNbUl", ServerHost.Password)).Status.Should().Be(200);
        (await client.LoginAsync("nobody", ServerHost.Password)).Status.Should().Be(401);
        (int code, string listed, string error) = await ServerProcess.RunAsync(directory, ["users", "list"], "", settings);

        await server.SaysAsync("Login refused");
        string[] years = [.. Moment().Matches(server.StandardOutput + listed).Select(moment => moment.Groups[1].Value)];
        years.Should().HaveCountGreaterThan(3).And.OnlyContain(found => found == $"{year}" || found == $"{year + 1}");
        server.StandardOutput.Should().NotContainAny("۱", "١", "๑");
        (code, error).Should().Be((0, ""));
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [GeneratedRegex(@"(?<![0-9.])(\d+)-\d\d-\d\d[T ]\d\d:\d\d:\d\d", RegexOptions.CultureInvariant)]
    private static partial Regex Moment();
}
