
namespace JwtAuth.Tests.Revocation;

public sealed class ClockStepTests
{
    // A second before and after the last moment of a token of five minutes and 30 s of skew, and of what denials are kept for.
    private static readonly TimeSpan[] Moments = [TimeSpan.Zero, TimeSpan.FromSeconds(329), TimeSpan.FromSeconds(330), new(4, 5, 59), new(4, 6, 1)];

    [Theory]
    [InlineData(0, 0, "+1 0")]
    [InlineData(0, 0, "-1 0")]
    [InlineData(0, 0, "+4 0")]
    [InlineData(0, +1, "+1 0 -1 0")]
    [InlineData(0, -1, "-1 0 +1 0")]
    [InlineData(+1, 0, "+1 0")]
    [InlineData(-1, 0, "-1 0")]
    [Trait("row", "REV-11")]
    public async Task No_dead_token_returns_however_the_clock_steps_around_its_end(int hoursAheadAtLogin, int hoursAheadAtTheEnd, string hoursAheadThen)
    {
        await using Trial trial = await Trial.StartAsync(hearsDenials: true);
        DateTimeOffset start = trial.Time.GetUtcNow();
        var passed = TimeSpan.Zero;

        Set(hoursAheadAtLogin);
        Func<Task>[] endings = await PrepareAsync(trial);
        Login control = trial.Ledger.Logins[0];
        trial.Ledger.IsTaken(trial.Ledger.Tokens[0]).Should().BeTrue();
        Set(hoursAheadAtTheEnd);
        foreach (Func<Task> end in endings)
            await end();
        await trial.CompareAsync();
        await WalkAsync();

        trial.Ledger.IsTaken(control, control.Counter).Should().BeTrue("nothing has ended the control twin");
        Issued last = (await trial.LogInAsync(control.Owner, withSession: false))!;
        await trial.CompareAsync();
        await trial.RevokeKeyAsync();
        trial.Ledger.IsTaken(last).Should().BeFalse();
        await WalkAsync();

        async Task WalkAsync()
        {
            TimeSpan begun = passed;
            foreach (TimeSpan moment in Moments)
            {
                trial.Time.Advance(begun + moment - passed);
                passed = begun + moment;
                foreach (string hours in hoursAheadThen.Split(' '))
                {
                    Set(int.Parse(hours, System.Globalization.CultureInfo.InvariantCulture));
                    await trial.TidyAsync();
                    if (moment == TimeSpan.Zero && hours != "0")
                        await trial.RestartAsync();
                    await trial.CompareAsync();
                }
            }
        }

        void Set(int hoursAhead)
        {
            trial.Note($"the clock is ahead by {hoursAhead} h");
            trial.Time.SetClock(start + passed + TimeSpan.FromHours(hoursAhead));
        }
    }

    // A person for each kind of ending, each with two sessions and a login without one; the first person is left alone.
    private static async Task<Func<Task>[]> PrepareAsync(Trial trial)
    {
        List<Func<Task>> endings = [];
        await PersonAsync((_, _) => Task.CompletedTask);
        await PersonAsync((by, _) => trial.LogOutAsync(by));
        await PersonAsync((by, _) => trial.LogOutOthersAsync(by));
        await PersonAsync((by, _) => trial.LogOutEverywhereAsync(by));
        await PersonAsync((by, other) => trial.DeleteSessionAsync(by, other.Login));
        await PersonAsync(trial.RevokeTokenAsync);
        await PersonAsync((by, _) => trial.ChangePasswordAsync(by));
        await PersonAsync((by, _) => trial.ResetPasswordAsync(by.Login.Owner));
        await PersonAsync((by, _) => trial.LogOutAsync(by.Login.Owner));
        await PersonAsync(async (by, _) =>
        {
            await trial.DisableAsync(by.Login.Owner);
            await trial.EnableAsync(by.Login.Owner);
        });
        await PersonAsync((by, _) => trial.DeleteAsync(by.Login.Owner));
        await PersonAsync((by, _) => trial.TakeRoleAsync(by.Login.Owner));
        await PersonAsync((by, _) => trial.RefreshAsync(by.Login, by.Login.Counter + 1));
        return [.. endings];

        async Task PersonAsync(Func<Issued, Issued, Task> end)
        {
            Person person = await trial.RegisterAsync();
            await trial.GiveRoleAsync(person);
            Issued by = (await trial.LogInAsync(person, withSession: true))!, other = (await trial.LogInAsync(person, withSession: true))!;
            await trial.LogInAsync(person, withSession: false);
            endings.Add(() => end(by, other));
        }
    }
}
