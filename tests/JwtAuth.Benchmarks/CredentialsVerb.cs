using System.CommandLine;
using System.Globalization;

namespace JwtAuth.Benchmarks;

/// <summary><c>credentials</c>: what each kind of credential costs the service on one endpoint.</summary>
internal static class CredentialsVerb
{
    public static Command Create()
    {
        var people =
            new Option<int>("--people") { Description = "Accounts, each with one credential of each kind", DefaultValueFactory = _ => 50 };
        var rounds = new Option<int>("--rounds") { Description = "Rounds that count", DefaultValueFactory = _ => 7 };
        var turns = new Option<int>("--turns") { Description = "Turns of each candidate in a round", DefaultValueFactory = _ => 3 };
        var time = new Option<int>("--milliseconds") { Description = "Of a turn", DefaultValueFactory = _ => 400 };
        var rows =
            new Option<int>("--rows") { Description = "Sessions and personal access tokens to weigh", DefaultValueFactory = _ => 10_000 };
        Option<DirectoryInfo?> pictures = ReportVerb.PicturesOption();
        var verb = new Command("credentials",
            """
            Asks the service's GET /me with each kind of credential: requests per second, each kind in its turn, and the bytes that it
            adds to a request; how many statements a request sends to the database; and the bytes that the database holds for each login
            or token. With the denylist and without. Exits 1 when a kind asks the database that is said to need none.
            """)
        {
            people, rounds, turns, time, rows, pictures,
        };
        verb.SetAction((parsed, stopping) => RunAsync(
            parsed.GetValue(people), new Rounds(parsed.GetValue(rounds), parsed.GetValue(turns), TimeSpan.FromSeconds(10)),
            TimeSpan.FromMilliseconds(parsed.GetValue(time)), parsed.GetValue(rows), parsed.GetValue(pictures), stopping));
        return verb;
    }

    private static async Task<int> RunAsync(
        int people, Rounds rounds, TimeSpan turn, int rows, DirectoryInfo? pictures, CancellationToken stopping)
    {
        await using var stage = new CredentialStage(turn);
        await stage.StartAsync(people, hasDenylist: true, HeldCredentials.Kinds, stopping);
        await stage.StartAsync(people, hasDenylist: false, [HeldCredentials.AccessToken, HeldCredentials.SignedCookie], stopping);
        Measured measured = await rounds.RunAsync("GET /me", [.. stage.Players.Select(player => player.Player.AsCandidate())]);
        Dictionary<string, double> weights = await CredentialStage.WeighAsync(rows);

        var findings = new Findings("", "requests/s (least to most)", "of the access token", "bytes in each request",
            "statements for each request", "bytes in the database");
        foreach (CredentialPlayer player in stage.Players)
        {
            string statements = player.Statements.ToString("0.##", CultureInfo.InvariantCulture);
            findings.Add(
                player.Player.Name, Findings.Text(measured[player.Player.Name].Value),
                player.Player.Name == HeldCredentials.AccessToken
                    ? ""
                    : Findings.Text(measured.Ratio(player.Player.Name, HeldCredentials.AccessToken)),
                Findings.Text(player.Bytes), statements, Findings.Text(weights.GetValueOrDefault(player.Kind)));
            if (player.Kind is HeldCredentials.Session or HeldCredentials.PersonalAccessToken)
                findings.WantAtLeast(
                    0.4, $"{player.Player.Name}: of the access token", measured.Ratio(player.Player.Name, HeldCredentials.AccessToken));
            if (player.Kind is HeldCredentials.AccessToken || (player.Kind == HeldCredentials.SignedCookie && player.HasDenylist))
                findings.Want($"{player.Player.Name}: statements", "none", statements, player.Statements == 0);
        }
        findings.Add("refresh token, which comes to no API", "", "", "", "", Findings.Text(weights[HeldCredentials.RefreshToken]));
        findings.Draw(new Picture("credentials.svg", "Requests per second at one endpoint, beside the access token (1.00)", "",
            [new BarGroup("GET /me", [.. stage.Players.Select(
                player => new Bar(player.Player.Name, measured.Ratio(player.Player.Name, HeldCredentials.AccessToken), IsOurs: true))])]));
        return findings.Publish(pictures);
    }
}
