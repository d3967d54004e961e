
namespace JwtAuth.Tests.Revocation;

/// <summary>What happens next, at random, each event as often as its weight says.</summary>
internal sealed class RandomEvents
{
    private const int People = 3;

    private readonly ModelRun run;
    private readonly Random random;
    private readonly (int Weight, Func<Task> Happens)[] events;
    private TimeSpan clockIsAheadBy;

    public RandomEvents(ModelRun run, Random random)
    {
        (this.run, this.random) = (run, random);
        events =
        [
            (14, () => LogInAsync(withSession: true)), (8, () => LogInAsync(withSession: false)), (4, BeginSlowLoginAsync),
            (6, EndSlowLoginAsync),
            (12, () => RefreshAsync(login => login.Counter)), (6, () => RefreshAsync(login => login.Counter - 1)),
            (2, () => RefreshAsync(login => login.Counter - 2)), (1, () => RefreshAsync(login => login.Counter + 1)),
            (8, () => PassAsync(TimeSpan.FromSeconds(random.Next(15)))), (6, () => PassAsync(TimeSpan.FromSeconds(random.Next(600)))),
            (2, () => PassAsync(TimeSpan.FromMinutes(random.Next(60, 1800)))),
            (1, () => PassAsync(TimeSpan.FromHours(random.Next(24, 200)))),
            (5, StepClockAsync), (4, run.TidyAsync),
            (5, () => ByAsync(run.LogOutAsync)), (4, () => ByAsync(run.LogOutOthersAsync)), (2, () => ByAsync(run.LogOutEverywhereAsync)),
            (4, () => ByAsync(by => run.DeleteSessionAsync(by, AnyOf(run.Model.Logins)!))), (5, () => ByAsync(RevokeAsync)),
            (3, () => ByAsync(run.ChangePasswordAsync)), (2, () => ToAsync(run.ResetPasswordAsync)), (2, () => ToAsync(run.LogOutAsync)),
            (2, () => ToAsync(run.DisableAsync)), (3, () => ToAsync(run.EnableAsync)), (3, () => ToAsync(run.GiveRoleAsync)),
            (3, () => ToAsync(run.TakeRoleAsync)),
            (1, () => ToAsync(ReplaceAsync)),
        ];
    }

    public async Task BeginAsync()
    {
        for (int number = 0; number < People; number++)
            await run.RegisterAsync();
    }

    public Task StepAsync()
    {
        // Dear, so seldom.
        switch (random.Next(600))
        {
            case 0 or 1:
                return run.RestartAsync();
            case 2 or 3 or 4:
                return run.RetireKeyAsync();
            case 5 or 6 or 7:
                return run.RevokeKeyAsync();
        }

        int number = random.Next(events.Sum(candidate => candidate.Weight));
        return events.First(candidate => (number -= candidate.Weight) < 0).Happens();
    }

    public void SetClockRight()
    {
        run.Note("the clock is right again");
        SetClock(TimeSpan.Zero);
    }

    private Task LogInAsync(bool withSession) =>
        ToAsync(person => person.IsEnabled ? run.LogInAsync(person, withSession) : Task.CompletedTask);

    private Task BeginSlowLoginAsync() => ToAsync(person => person.IsEnabled ? run.ReadAsync(person) : Task.CompletedTask);

    private async Task EndSlowLoginAsync()
    {
        if (AnyOf([.. run.Model.People.Where(person => person.Read is not null)]) is not { } person)
            return;
        await run.LogInAsync(person, random.Next(2) == 0, person.Read);
        person.Read = null;
    }

    private Task RefreshAsync(Func<Login, long> counter) =>
        AnyOf([.. run.Model.Logins.Where(login => login.HasSession)]) is { } login && counter(login) >= 0
            ? run.RefreshAsync(login, counter(login))
            : Task.CompletedTask;

    private Task RevokeAsync(Issued by) =>
        AnyOf([.. Taken().Where(token => token.Login.Owner == by.Login.Owner)]) is { } token
            ? run.RevokeTokenAsync(by, token)
            : Task.CompletedTask;

    private Task PassAsync(TimeSpan span)
    {
        run.Note($"{span} pass");
        run.Time.Advance(span);
        // No login is as slow as that.
        if (span > TimeSpan.FromMinutes(10))
            run.Model.People.ForEach(person => person.Read = null);
        return Task.CompletedTask;
    }

    // An hour ahead or behind, and right again.
    private Task StepClockAsync()
    {
        SetClock(clockIsAheadBy != TimeSpan.Zero ? TimeSpan.Zero : TimeSpan.FromHours(random.Next(2) == 0 ? 1 : -1));
        run.Note($"the clock is ahead by {clockIsAheadBy}");
        return Task.CompletedTask;
    }

    private void SetClock(TimeSpan aheadBy)
    {
        run.Time.SetClock(run.Time.GetUtcNow() - clockIsAheadBy + aheadBy);
        clockIsAheadBy = aheadBy;
    }

    // Somebody is deleted, and somebody else comes.
    private async Task ReplaceAsync(Person person)
    {
        await run.DeleteAsync(person);
        person.Read = person.Read is null || random.Next(2) == 0 ? null : person.Read;
        await run.RegisterAsync();
    }

    private Task ByAsync(Func<Issued, Task> happens) => AnyOf([.. Taken()]) is { } by ? happens(by) : Task.CompletedTask;

    private Task ToAsync(Func<Person, Task> happens) => happens(AnyOf([.. run.Model.People.Where(person => !person.IsDeleted)])!);

    // What an access token is good for begins with the check of the token.
    private IEnumerable<Issued> Taken() => run.Model.Tokens.Where(run.Model.IsTaken);

    private T? AnyOf<T>(List<T> list) where T : class => list.Count == 0 ? null : list[random.Next(list.Count)];
}
