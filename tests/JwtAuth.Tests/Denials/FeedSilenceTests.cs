using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.RegularExpressions;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using JwtAuth.Tests.Revocation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace JwtAuth.Tests.Denials;

/// <summary>An API that does not hear: for a while it goes by what it knows, then it says that it does not know.</summary>
public sealed class FeedSilenceTests : IAsyncDisposable
{
    private static readonly TimeSpan TooLong = FeedSetup.MaximumSilence + TimeSpan.FromSeconds(1);

    private readonly FeedSetup setup = new();

    [Fact]
    public async Task Before_the_first_snapshot_nothing_is_accepted_and_afterwards_all_is_well()
    {
        Tokens tokens = await BeginAsync();
        setup.Line.Cut();
        ApiHost host = setup.NewApi();
        using HttpClient api = host.Connect();

        Reply unknown = await api.AskOrdersAsync(tokens.Access);
        (unknown.Status, unknown.Header("Retry-After"), unknown.Header("WWW-Authenticate")).Should().Be((503, "1", ""));
        (await api.AskAsync("GET", "/health")).Status.Should().Be(503);
        (await api.OrdersAsync("x")).Should().Be(401, "what is wrong in itself is wrong");
        (await api.AskAsync("GET", "/public")).Status.Should().Be(200);

        setup.Line.Pass();
        setup.Time.Advance(TimeSpan.FromSeconds(2));
        await api.UntilOrdersAsync(tokens.Access, 200);
        (await api.AskAsync("GET", "/health")).Status.Should().Be(200);
    }

    [Fact]
    public async Task An_API_with_a_wrong_secret_accepts_nothing_and_its_log_tells_the_remedy_once_however_often_it_tries()
    {
        _ = await BeginAsync();
        ApiHost host = setup.NewApi(options => options.ClientSecret = "wrong"), sound = setup.NewApi();
        using HttpClient api = host.Connect();

        // So often that the service has enough of it now and then, and answers differently.
        await Patience.UntilAsync(async () =>
        {
            setup.Time.Advance(TimeSpan.FromMilliseconds(250));
            if (host.Lines("/denials answered 429") > 0)
                setup.ServiceTime.Advance(TimeSpan.FromMilliseconds(250));
            await api.AskAsync("GET", "/public");
            return host.Lines("/denials answered 429") > 0 && Refusals() >= 60;
        });

        // However long that took by the API's clock, the token is a new one there.
        setup.ServiceTime.Advance(setup.Time.GetUtcNow() - setup.ServiceTime.GetUtcNow());
        Tokens tokens = await BeginAsync();
        Reply unknown = await api.AskOrdersAsync(tokens.Access);
        (unknown.Status, unknown.Header("Retry-After"), unknown.Json.GetProperty("reason").GetString())
            .Should().Be((503, "1", "denials_unknown"));
        unknown.Json.GetProperty("hint").GetString()
            .Should().Contain("compare JwtAuth:ClientId and JwtAuth:ClientSecret with JwtAuth:Clients of the issuer");
        host.Lines("compare JwtAuth:ClientId and JwtAuth:ClientSecret with JwtAuth:Clients of the issuer").Should().Be(1);
        host.Lines("/denials answered 429").Should().Be(1, "the other answer is told once as well, however often they take turns");
        host.Lines(setup.Client.Secret).Should().Be(0);
        using HttpClient other = sound.Connect();
        await other.UntilOrdersAsync(tokens.Access, 200, "it has the right one");
        sound.Lines("is not heard").Should().Be(0);

        // Those that are logged one by one, and those that are told by their number.
        int Refusals() => setup.Service.Lines("A client was refused") + setup.Service.Log.All
            .Select(line => Regex.Match(line, @": (\d+) more requests were refused"))
            .Where(told => told.Success).Sum(told => int.Parse(told.Groups[1].Value, CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task A_client_that_may_not_read_denials_is_told_the_remedy()
    {
        TestClient billing = setup.Service.AddClient("billing", may: "introspect");
        Tokens tokens = await BeginAsync();
        ApiHost host = setup.NewApi(options => (options.ClientId, options.ClientSecret) = (billing.Id, billing.Secret)),
            sound = setup.NewApi();
        using HttpClient api = host.Connect(), other = sound.Connect();

        await Patience.UntilAsync(async () => await api.OrdersAsync(tokens.Access) == 503
            && host.Lines("may this client read denials (JwtAuth:Clients, May: denials)?") == 1);
        await other.UntilOrdersAsync(tokens.Access, 200);
    }

    [Fact]
    public async Task That_the_service_keeps_no_denylist_is_heard_and_is_not_silence()
    {
        setup.Service.With("JwtAuth:Denylist:Enabled", "false");
        Tokens tokens = await BeginAsync();
        ApiHost host = setup.NewApi();
        using HttpClient api = host.Connect(), http = setup.Service.Connect();

        await api.UntilOrdersAsync(tokens.Access, 200);
        (await http.AskAsAsync(tokens.Access, "POST", "/auth/logout")).Json.GetProperty("access_token").GetString().Should().Be("live");

        (await HealthAsync(host)).Data["denials"].Should().Be("not kept by the issuer");
        (await api.AskAsync("GET", "/health")).Status.Should().Be(200);
        host.Lines("The issuer keeps no denylist").Should().Be(1);
        (await api.OrdersAsync(tokens.Access)).Should().Be(200, "it was said");
        setup.Line.Cut();
        setup.Time.Advance(TooLong);
        await api.UntilOrdersAsync(tokens.Access, 503, "it may keep one by now");
    }

    [Fact]
    public async Task A_line_that_swallows_everything_is_noticed_by_the_clock_and_nothing_is_missed_that_was_ended_meanwhile()
    {
        Tokens tokens = await BeginAsync(), ended = await BeginAsync();
        ApiHost host = setup.NewApi();
        using HttpClient api = host.Connect(), http = setup.Service.Connect();
        await api.UntilOrdersAsync(tokens.Access, 200);
        (await api.OrdersAsync(ended.Access)).Should().Be(200);

        setup.Line.Swallow();
        (await http.AskAsAsync(ended.Access, "POST", "/auth/logout")).Status.Should().Be(200);
        (await api.OrdersAsync(ended.Access)).Should().Be(200, "nobody can know yet");
        host.Lines("is not heard").Should().Be(0);
        setup.Time.Advance(TooLong);

        await api.UntilOrdersAsync(tokens.Access, 503);
        await Patience.UntilAsync(async () => await api.OrdersAsync(ended.Access) == 503 && host.Lines("did not answer in") > 0);

        setup.Line.Pass();
        setup.Time.Advance(TimeSpan.FromSeconds(2));
        await api.UntilOrdersAsync(ended.Access, 401);
        (await api.OrdersAsync(tokens.Access)).Should().Be(200);
        host.Lines("The feed of denials is heard again").Should().Be(1);
    }

    [Fact]
    public async Task Health_and_measures_tell_how_old_keys_and_denials_are()
    {
        Tokens tokens = await BeginAsync(), ended = await BeginAsync();
        ApiHost host = setup.NewApi(), lenient = setup.NewApi(options => options.AcceptWhileSilent = true);
        using HttpClient api = host.Connect(), other = lenient.Connect(), http = setup.Service.Connect();
        (await http.AskAsAsync(ended.Access, "POST", "/auth/logout")).Status.Should().Be(200);
        await api.UntilOrdersAsync(tokens.Access, 200);
        await other.UntilOrdersAsync(tokens.Access, 200);
        await Patience.UntilAsync(async () => (await HealthAsync(host)).Data["denials_held"] is 1);
        HealthReportEntry well = await HealthAsync(host);
        well.Status.Should().Be(HealthStatus.Healthy);
        well.Data["denials"].Should().Be("heard");
        ((double)well.Data["feed_age_seconds"]).Should().BeInRange(0, FeedSetup.MaximumSilence.TotalSeconds);

        setup.Line.Cut();
        setup.Time.Advance(TooLong);

        Dictionary<string, double> measured = Measure(host);
        measured["jwtauth.bearer.denials"].Should().Be(1);
        measured["jwtauth.bearer.tokens"].Should().Be(1);
        measured["jwtauth.bearer.feed.age"].Should().BeGreaterThanOrEqualTo(TooLong.TotalSeconds);
        measured["jwtauth.bearer.keys.age"].Should().BeGreaterThanOrEqualTo(TooLong.TotalSeconds);
        HealthReportEntry silent = await HealthAsync(host);
        silent.Status.Should().Be(HealthStatus.Unhealthy);
        ((double)silent.Data["feed_age_seconds"]).Should().BeGreaterThanOrEqualTo(TooLong.TotalSeconds);
        ((double)silent.Data["keys_age_seconds"]).Should().BeGreaterThanOrEqualTo(TooLong.TotalSeconds);
        (await HealthAsync(lenient)).Status.Should().Be(HealthStatus.Degraded);
        (await api.AskAsync("GET", "/health")).Status.Should().Be(503);
        (await other.AskAsync("GET", "/health")).Status.Should().Be(200);
    }

    private static async Task<HealthReportEntry> HealthAsync(ApiHost host) =>
        (await host.Get<HealthCheckService>().CheckHealthAsync(TestContext.Current.CancellationToken)).Entries["jwtauth"];

    private static Dictionary<string, double> Measure(ApiHost host)
    {
        Dictionary<string, double> measured = [];
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Meter.Name == "JwtAuth.Bearer"
                    && instrument.Meter.Scope == host.Services.GetRequiredService<IMeterFactory>())
                {
                    listening.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => measured[instrument.Name] = value);
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => measured[instrument.Name] = value);
        listener.Start();
        listener.RecordObservableInstruments();
        return measured;
    }

    private async Task<Tokens> BeginAsync()
    {
        using HttpClient http = setup.Open();
        string username = $"user-{Guid.NewGuid():N}";
        await setup.Service.AddAccountAsync(username);
        return await http.BeginAsync(username);
    }

    public ValueTask DisposeAsync() => setup.DisposeAsync();
}
