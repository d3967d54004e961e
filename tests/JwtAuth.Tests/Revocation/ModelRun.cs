using System.Globalization;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Composition;
using JwtAuth.Server.Denials;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace JwtAuth.Tests.Revocation;

/// <summary>
/// The real service, with its database and its clock, and the model beside it. What is done to the one is done to the other.
/// </summary>
internal sealed class ModelRun : IAsyncDisposable
{
    private const string Issuer = "http://localhost:5080";

    private readonly string directory = Directory.CreateDirectory(Path.Combine(
        Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"jwtauth-{Path.GetRandomFileName()}")).FullName;
    private readonly List<string> history = [];
    private ServerHost host;

    private ModelRun(bool hearsDenials)
    {
        HearsDenials = hearsDenials;
        Model = new RevocationModel(Time, hearsDenials);
        host = NewHost();
    }

    public ManualTime Time { get; } = new();

    public RevocationModel Model { get; private set; }

    public bool HearsDenials { get; }

    /// <summary>A verifier that checks as the service does, and hears no denials.</summary>
    public TokenValidator WithoutDenials => new(
        new ValidationRules(Issuer, ["orders"], TimeSpan.FromSeconds(30)), host.Get<IVerificationKeys>(), Time);

    /// <summary>An administrator who does what administrators do.</summary>
    public Caller Root { get; private set; } = null!;

    public static async Task<ModelRun> StartAsync(bool hearsDenials)
    {
        var run = new ModelRun(hearsDenials);
        AccountSnapshot root = await run.host.AddAccountAsync("root", "admin");
        run.Root = new Caller(root.Subject, root.Generation, "a login of root", Token: null);
        return run;
    }

    /// <summary>Another sequence on the same service.</summary>
    public void Begin(string sequence)
    {
        history.Clear();
        Note(sequence);
        Model = new RevocationModel(Time, HearsDenials);
    }

    public void Note(string step) => history.Add(string.Create(CultureInfo.InvariantCulture, $"{Time.GetUtcNow():u} {step}"));

    public void Demand(bool holds, string what)
    {
        if (!holds)
            Assert.Fail($"{what}\n{string.Join('\n', history)}");
    }

    public T Get<T>() where T : notnull => host.Get<T>();

    public async Task<TResult> AskAsync<T, TResult>(Func<T, Task<TResult>> ask) where T : notnull
    {
        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
        return await ask(scope.ServiceProvider.GetRequiredService<T>());
    }

    /// <summary>The service is stopped and started again, with the clock as it stands.</summary>
    public async Task RestartAsync()
    {
        Note("restart");
        await host.DisposeAsync();
        host = NewHost();
        _ = host.Get<TokenValidator>();
    }

    /// <summary>What the service does every few minutes, done now.</summary>
    public async Task TidyAsync()
    {
        Note("rows deleted and denials forgotten that are not needed any more");
        await host.Services.GetServices<IHostedService>().OfType<ExpiredRows>().Single().DeleteAsync();
        host.Services.GetService<DenialTail>()?.Denylist.Forget(Time.GetUtcNow());
    }

    /// <summary>Every token that was handed out, at every door.</summary>
    public async Task CompareAsync()
    {
        TokenValidator validator = host.Get<TokenValidator>(), withoutDenials = WithoutDenials;
        await using AsyncServiceScope scope = host.Services.CreateAsyncScope();
        Standing standing = scope.ServiceProvider.GetRequiredService<Standing>();
        // All at once: those of a revoked key share one look at the keys.
        (AccessToken? Accepted, TokenRejection? Rejection)[] checks =
            await Task.WhenAll(Model.Tokens.Select(token => validator.ValidateAsync(token.Text).AsTask()));
        foreach ((Issued token, (AccessToken? accepted, TokenRejection? rejection)) in Model.Tokens.Zip(checks))
        {
            Demand((accepted is not null) == Model.IsTaken(token), $"{Describe(token)}: the check says {rejection?.Reason ?? "alive"}, "
                + "the table the opposite");
            Demand(withoutDenials.TryValidate(token.Text, out _, out _) == Model.IsTakenWithoutDenials(token),
                $"{Describe(token)}: a verifier without denials says the opposite of the table");
            if (Model.IsInTime(token))
                Demand(await standing.HoldsAsync(token.Caller) == RevocationModel.Stands(token),
                    $"{Describe(token)}: where state changes the table says stands {RevocationModel.Stands(token)}");
        }

        RefreshTokenUses sessions = scope.ServiceProvider.GetRequiredService<RefreshTokenUses>();
        foreach (Login login in Model.Logins.Where(login => login.HasSession))
        {
            foreach (long counter in login.IsEnded || login.Counter == 0 ? [login.Counter] : new[] { login.Counter, login.Counter - 1 })
            {
                bool isTaken = await sessions.FindAliveAsync(new RefreshToken(login.SessionId, counter)) is not null;
                Demand(isTaken == Model.IsTaken(login, counter), $"Refresh token {counter} of {Describe(login)}: taken is {isTaken}, "
                    + "the table says the opposite");
            }
        }
    }

    public string Describe(Issued token) => $"access token {Model.Tokens.IndexOf(token)} of {Describe(token.Login)}";

    public string Describe(Login login) => $"login {Model.Logins.IndexOf(login)} of {login.Owner.Name}";

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(directory, recursive: true);
    }

    // Keys do not change by themselves meanwhile, and nothing is logged: there is too much of it.
    private ServerHost NewHost() => new ServerHost(directory) { Time = Time }
        .With("JwtAuth:Issuer", Issuer)
        .With("JwtAuth:SigningKeys:Algorithm", "ES256")
        .With("JwtAuth:SigningKeys:RotateEvery", "3650.00:00:00")
        .With("JwtAuth:Denylist:Enabled", HearsDenials ? "true" : "false")
        .With(services => services.RemoveAll<ILoggerProvider>());
}
