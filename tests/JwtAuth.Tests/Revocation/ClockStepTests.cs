
namespace JwtAuth.Tests.Revocation;

public sealed class ClockStepTests
{
    // A second before and after the last moment of a token of five minutes and 30 s of skew, and of what denials are kept for.
    private static readonly TimeSpan[] Moments =
        [TimeSpan.Zero, TimeSpan.FromSeconds(329), TimeSpan.FromSeconds(330), new(4, 5, 59), new(4, 6, 1)];

    [Theory]
    [InlineData(0, 0, "+1 0")]
    [InlineData(0, 0, "-1 0")]
    [InlineData(0, 0, "+4 0")]
    [InlineData(0, +1, "+1 0 -1 0")]
    [InlineData(0, -1, "-1 0 +1 0")]
    [InlineData(+1, 0, "+1 0")]
    [InlineData(-1, 0, "-1 0")]
    [Trait("row", "REV-11")]
    public async Task No_dead_token_returns_however_the_clock_steps_around_its_end(
        int hoursAheadAtLogin, int hoursAheadAtTheEnd, string hoursAheadThen)
    {
        await using ModelRun run = await ModelRun.StartAsync(hearsDenials: true);
        DateTimeOffset start = run.Time.GetUtcNow();
        var passed = TimeSpan.Zero;

        Set(hoursAheadAtLogin);
        Func<Task>[] endings = await PrepareAsync(run);
        Login control = run.Model.Logins[0];
        run.Model.IsTaken(run.Model.Tokens[0]).Should().BeTrue();
        Set(hoursAheadAtTheEnd);
        foreach (Func<Task> end in endings)
            await end();
        await run.CompareAsync();
        await WalkAsync();

        run.Model.IsTaken(control, control.Counter).Should().BeTrue("nothing has ended the control twin");
        Issued last = (await run.LogInAsync(control.Owner, withSession: false))!;
        await run.CompareAsync();
        await run.RevokeKeyAsync();
        run.Model.IsTaken(last).Should().BeFalse();
        await WalkAsync();

        async Task WalkAsync()
        {
            TimeSpan begun = passed;
            foreach (TimeSpan moment in Moments)
            {
                run.Time.Advance(begun + moment - passed);
                passed = begun + moment;
                foreach (string hours in hoursAheadThen.Split(' '))
                {
                    Set(int.Parse(hours, System.Globalization.CultureInfo.InvariantCulture));
                    await run.TidyAsync();
                    if (moment == TimeSpan.Zero && hours != "0")
                        await run.RestartAsync();
                    await run.CompareAsync();
                }
            }
        }

        void Set(int hoursAhead)
        {
            run.Note($"the clock is ahead by {hoursAhead} h");
            run.Time.SetClock(start + passed + TimeSpan.FromHours(hoursAhead));
        }
    }

    // A person for each kind of ending, each with two sessions and a login without one; the first person is left alone.
    private static async Task<Func<Task>[]> PrepareAsync(ModelRun run)
    {
        List<Func<Task>> endings = [];
        await PersonAsync((_, _) => Task.CompletedTask);
        await PersonAsync((by, _) => run.LogOutAsync(by));
        await PersonAsync((by, _) => run.LogOutOthersAsync(by));
        await PersonAsync((by, _) => run.LogOutEverywhereAsync(by));
        await PersonAsync((by, other) => run.DeleteSessionAsync(by, other.Login));
        await PersonAsync(run.RevokeTokenAsync);
        await PersonAsync((by, _) => run.ChangePasswordAsync(by));
        await PersonAsync((by, _) => run.ResetPasswordAsync(by.Login.Owner));
        await PersonAsync((by, _) => run.LogOutAsync(by.Login.Owner));
        await PersonAsync(async (by, _) =>
        {
            await run.DisableAsync(by.Login.Owner);
            await run.EnableAsync(by.Login.Owner);
        });
        await PersonAsync((by, _) => run.DeleteAsync(by.Login.Owner));
        await PersonAsync((by, _) => run.TakeRoleAsync(by.Login.Owner));
        await PersonAsync((by, _) => run.RefreshAsync(by.Login, by.Login.Counter + 1));
        return [.. endings];

        async Task PersonAsync(Func<Issued, Issued, Task> end)
        {
            Person person = await run.RegisterAsync();
            await run.GiveRoleAsync(person);
            Issued by = (await run.LogInAsync(person, withSession: true))!, other = (await run.LogInAsync(person, withSession: true))!;
            await run.LogInAsync(person, withSession: false);
            endings.Add(() => end(by, other));
        }
    }
}
