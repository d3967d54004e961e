using System.Globalization;
using System.Net;
using JwtAuth.Server.Clients;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Passwords;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Clients;

public sealed class ClientAuthenticatorTests : IAsyncDisposable
{
    private readonly ServerHost host = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256");

    [Fact, Trait("row", "CLI-01")]
    public async Task After_thirty_wrong_secrets_a_network_has_to_wait_but_the_right_one_passes_all_the_same()
    {
        TestClient api = host.AddClient("orders-api"), wrong = api with { Secret = "wrong" };
        using HttpClient http = host.Connect();
        for (int attempt = 0; attempt < 30; attempt++)
        {
            Reply refused = await http.IntrospectAsync(attempt % 2 == 0 ? wrong : new TestClient($"nobody-{attempt}", "wrong"), "x");
            refused.ShouldBeOAuthError(401, "invalid_client");
            refused.Header("WWW-Authenticate").Should().StartWith("Basic ");
        }

        foreach (TestClient guess in new[] { wrong, new TestClient("nobody", "wrong") })
        {
            Reply slowed = await http.RevokeAsync(guess, "x");
            slowed.ShouldBeOAuthError(429, "temporarily_unavailable");
            slowed.Header("Retry-After").Should().MatchRegex("^[1-9][0-9]*$");
        }
        (await http.IntrospectAsync(api, "x")).Status.Should().Be(200);

        int wait = int.Parse((await http.IntrospectAsync(wrong, "x")).Header("Retry-After"), CultureInfo.InvariantCulture);
        host.Time.Advance(TimeSpan.FromSeconds(wait));
        (await http.IntrospectAsync(wrong, "x")).ShouldBeOAuthError(401, "invalid_client");
    }

    [Fact, Trait("row", "CLI-01")]
    public async Task Of_a_thousand_guesses_thirty_are_tried_and_another_network_does_not_suffer()
    {
        TestClient api = host.AddClient("orders-api");
        ClientAuthenticator door = host.Get<ClientAuthenticator>();
        IPAddress here = IPAddress.Parse("192.0.2.7"), there = IPAddress.Parse("198.51.100.7");
        List<ClientResult> results = [];
        for (int guess = 0; guess < 1000; guess++)
            results.Add(await door.CheckAsync(api.Id, $"guess {guess}", here, TestContext.Current.CancellationToken));

        results.Take(30).Should().AllBeOfType<ClientResult.Refused>();
        results.Skip(30).Should().AllBeOfType<ClientResult.TooManyAttempts>();
        (await door.CheckAsync(api.Id, "guess", there, TestContext.Current.CancellationToken)).Should().BeOfType<ClientResult.Refused>();
        (await door.CheckAsync(api.Id, api.Secret, here, TestContext.Current.CancellationToken)).Should().BeOfType<ClientResult.Verified>();
    }

    [Fact, Trait("row", "CLI-01")]
    public async Task A_secret_that_costs_a_bcrypt_waits_with_the_guesses_and_passes_afterwards()
    {
        TestClient api = host.AddClient(new TestClient("orders-api", "right"), Bcrypt.Hash("right", 4)), fast = host.AddClient("fast");
        using HttpClient http = host.Connect();
        (await http.IntrospectAsync(api, "x")).Status.Should().Be(200);
        for (int attempt = 0; attempt < 30; attempt++)
            (await http.IntrospectAsync(api with { Secret = "wrong" }, "x")).Status.Should().Be(401);

        Reply slowed = await http.IntrospectAsync(api, "x");
        slowed.ShouldBeOAuthError(429, "temporarily_unavailable");
        (await http.IntrospectAsync(fast, "x")).Status.Should().Be(200);

        host.Time.Advance(TimeSpan.FromSeconds(int.Parse(slowed.Header("Retry-After"), CultureInfo.InvariantCulture)));
        (await http.IntrospectAsync(api, "x")).Status.Should().Be(200);
    }

    [Fact]
    public async Task Of_a_hundred_calls_at_once_with_the_right_slow_secret_all_pass_for_one_bcrypt()
    {
        host.With("JwtAuth:Passwords:MaxConcurrentHashes", "1").With("JwtAuth:Passwords:QueueLimit", "1");
        TestClient api = host.AddClient(new TestClient("orders-api", "right"), Bcrypt.Hash("right", 4));
        ClientAuthenticator door = host.Get<ClientAuthenticator>();
        IDisposable held = (await host.Get<HashingGate>().EnterAsync(TestContext.Current.CancellationToken))!;
        Task<ClientResult>[] calls = [.. Enumerable.Range(0, 100).Select(number => door.CheckAsync(
            api.Id, api.Secret, IPAddress.Parse(number % 2 == 0 ? "192.0.2.7" : "198.51.100.7"), TestContext.Current.CancellationToken))];
        calls.Should().OnlyContain(call => !call.IsCompleted, "one waits for its place, the others for the one");
        (await door.CheckAsync(api.Id, "wrong", IPAddress.Loopback, TestContext.Current.CancellationToken))
            .Should().BeOfType<ClientResult.Busy>("it is another one, and there is no room for it");

        held.Dispose();

        foreach (Task<ClientResult> call in calls)
            (await call).Should().BeOfType<ClientResult.Verified>();
    }

    [Fact]
    public async Task Where_bcrypt_has_no_place_left_the_client_is_told_to_come_back()
    {
        host.With("JwtAuth:Passwords:MaxConcurrentHashes", "1").With("JwtAuth:Passwords:QueueLimit", "0");
        TestClient api = host.AddClient(new TestClient("orders-api", "right"), Bcrypt.Hash("right", 4)), fast = host.AddClient("fast");
        using HttpClient http = host.Connect();
        using (IDisposable? place = await host.Get<HashingGate>().EnterAsync(TestContext.Current.CancellationToken))
        {
            place.Should().NotBeNull();
            Reply busy = await http.IntrospectAsync(api, "x");
            busy.ShouldBeOAuthError(503, "temporarily_unavailable");
            busy.Header("Retry-After").Should().Be("2");
            (await http.IntrospectAsync(fast, "x")).Status.Should().Be(200);
        }
        (await http.IntrospectAsync(api, "x")).Status.Should().Be(200);
    }

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
