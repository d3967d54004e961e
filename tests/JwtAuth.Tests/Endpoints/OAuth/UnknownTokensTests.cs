using System.Diagnostics.Metrics;
using System.Globalization;
using JwtAuth.Tests.Attacks;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Endpoints.OAuth;

/// <summary>A client that is authenticated and asks about tokens that it has made up.</summary>
public sealed class UnknownTokensTests : IAsyncDisposable
{
    private readonly ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");

    [Theory]
    [InlineData("introspect")]
    [InlineData("revoke")]
    public async Task Of_a_thousand_made_up_tokens_five_hundred_are_told_and_a_good_one_is_told_all_the_same(string call)
    {
        TestClient api = host.AddClient("orders-api"), other = host.AddClient("billing-api");
        await host.AddAccountAsync("alice");
        using HttpClient http = host.Connect();
        Tokens tokens = await http.BeginAsync("alice");
        List<Reply> replies = [];
        for (int number = 0; number < 1000; number++)
            replies.Add(await AskAsync(api, $"made up {number}"));

        replies.Take(500).Should().OnlyContain(reply => reply.Status == 200);
        foreach (Reply reply in replies.Skip(500))
            reply.ShouldBeOAuthError(429, "temporarily_unavailable");
        host.Log.All.Should().Contain(line => line.Contains("orders-api has to wait", StringComparison.Ordinal));
        (await AskAsync(other, "made up")).Status.Should().Be(200, "another client has nothing to do with it");
        (await http.IsActiveAsync(api, tokens.Access)).Should().BeTrue();
        (await http.IsActiveAsync(api, tokens.Refresh)).Should().BeTrue();
        (await http.RevokeAsync(api, tokens.Access)).Status.Should().Be(200);
        (await http.StatusOfMeAsync(tokens.Access)).Should().Be(401);

        host.Time.Advance(TimeSpan.FromSeconds(int.Parse(replies[^1].Header("Retry-After"), CultureInfo.InvariantCulture)));
        (await AskAsync(api, "made up again")).Status.Should().Be(200);

        Task<Reply> AskAsync(TestClient client, string token) =>
            call == "introspect" ? http.IntrospectAsync(client, token) : http.RevokeAsync(client, token);
    }

    [Fact]
    public async Task What_was_issued_here_and_has_ended_is_told_as_often_as_it_is_asked()
    {
        TestClient api = host.AddClient("orders-api");
        await host.AddAccountAsync("alice");
        using HttpClient http = host.Connect();
        Tokens tokens = await http.BeginAsync("alice");
        string expired = new Forge(host).Live();
        host.Time.Advance(TimeSpan.FromMinutes(10));
        (await http.RevokeAsync(api, tokens.Refresh)).Status.Should().Be(200);

        for (int number = 0; number < 600; number++)
            (await http.IntrospectAsync(api, number % 2 == 0 ? expired : tokens.Refresh)).Body.Should().Be("""{"active":false}""");
    }

    [Fact]
    public async Task What_clients_ask_about_is_counted_by_what_it_was()
    {
        TestClient api = host.AddClient("orders-api");
        await host.AddAccountAsync("alice");
        using HttpClient http = host.Connect();
        Dictionary<string, long> counted = [];
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Name == "jwtauth.presented_tokens"
                    && instrument.Meter.Scope == host.Services.GetRequiredService<IMeterFactory>())
                {
                    listening.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            lock (counted)
                counted[$"{tags[0].Value}"] = counted.GetValueOrDefault($"{tags[0].Value}") + value;
        });
        listener.Start();
        string live = new Forge(host).Live();

        for (int number = 0; number < 502; number++)
            await http.IntrospectAsync(api, $"made up {number}");
        (await http.IsActiveAsync(api, live)).Should().BeTrue();
        (await http.RevokeAsync(api, live)).Status.Should().Be(200);
        (await http.IsActiveAsync(api, live)).Should().BeFalse();

        counted.Should().BeEquivalentTo(new Dictionary<string, long> { ["unknown"] = 500, ["too_many"] = 2, ["good"] = 2, ["ended"] = 1 });
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
