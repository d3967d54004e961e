using System.Globalization;

namespace JwtAuth.Tests.Revocation;

/// <summary>
/// Random sequences of everything that can happen, and after each step every token that was handed out so far, at every door, against the
/// table. JWTAUTH_SEED repeats a run, JWTAUTH_SEQUENCES makes it longer.
/// </summary>
public sealed class ModelTests(ITestOutputHelper output)
{
    private const int Steps = 60;
    private const int SequencesOfOneService = 20;

    private static readonly int Seed = NumberOf("JWTAUTH_SEED") ?? Random.Shared.Next();
    private static readonly int Sequences = NumberOf("JWTAUTH_SEQUENCES") ?? 40;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("row", "REV-05")]
    [Trait("row", "REV-11")]
    [Trait("row", "REV-16")]
    [Trait("row", "REV-21")]
    [Trait("row", "ACC-07")]
    public async Task No_sequence_of_events_leaves_alive_what_the_table_calls_dead_or_kills_what_it_calls_alive(bool hearsDenials)
    {
        output.WriteLine($"JWTAUTH_SEED={Seed}");
        int alive = 0, ended = 0;

        for (int first = hearsDenials ? 0 : 1; first < Sequences; first += 2 * SequencesOfOneService)
        {
            await using ModelRun run = await ModelRun.StartAsync(hearsDenials);
            for (int sequence = first; sequence < Math.Min(Sequences, first + (2 * SequencesOfOneService)); sequence += 2)
            {
                run.Begin($"JWTAUTH_SEED={Seed}, sequence {sequence}");
                await RunAsync(run, new Random(unchecked(Seed + sequence)));
                alive += run.Model.Tokens.Count(token => !token.IsEnded);
                ended += run.Model.Tokens.Count(token => token.IsEnded);
            }
        }

        output.WriteLine($"{alive} access tokens that nothing had ended, {ended} that were ended");
        alive.Should().BePositive();
        ended.Should().BePositive();
    }

    [Fact, Trait("row", "REV-16")]
    public async Task What_went_with_a_role_stays_dead_when_its_session_is_spared_afterwards()
    {
        await using ModelRun run = await ModelRun.StartAsync(hearsDenials: true);
        Person person = await run.RegisterAsync();
        await run.GiveRoleAsync(person);
        Issued before = (await run.LogInAsync(person, withSession: true))!;
        await run.TakeRoleAsync(person);
        await run.RefreshAsync(before.Login, before.Login.Counter);
        Issued after = run.Model.Tokens[^1];

        await run.LogOutOthersAsync(after);

        run.Model.IsTaken(before).Should().BeFalse();
        run.Model.IsTaken(after).Should().BeTrue();
        await run.CompareAsync();
        await run.RestartAsync();
        await run.CompareAsync();
    }

    private static async Task RunAsync(ModelRun run, Random random)
    {
        var events = new RandomEvents(run, random);
        await events.BeginAsync();
        for (int step = 0; step < Steps; step++)
        {
            await events.StepAsync();
            await run.CompareAsync();
        }
        events.SetClockRight();
        await run.CompareAsync();
    }

    private static int? NumberOf(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } number ? int.Parse(number, CultureInfo.InvariantCulture) : null;
}
