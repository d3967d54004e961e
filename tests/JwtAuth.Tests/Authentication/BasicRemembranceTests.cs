using System.Diagnostics.Metrics;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Passwords;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Authentication;

/// <summary>A pair that was found right costs no bcrypt for a minute, unless something has ended it.</summary>
public sealed class BasicRemembranceTests(BasicHost fixture) : IClassFixture<BasicHost>
{
    private const string Changed = "the lamp by the window";

    private readonly ServerHost host = fixture.Host;
    private readonly string name = $"user-{Guid.NewGuid():N}";

    [Fact, Trait("row", "PAT-11")]
    public async Task A_thousand_requests_with_the_right_pair_cost_one_bcrypt()
    {
        await host.AddAccountAsync(name);
        using HttpClient client = host.Connect();
        Dictionary<string, int> counted = [];
        using MeterListener listener = Listen(counted);

        (await client.MeByBasicAsync(name)).Status.Should().Be(200);
        using (await host.HoldHashingAsync())
        {
            for (int hundred = 0; hundred < 10; hundred++)
                (await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => client.MeByBasicAsync(name))))
                    .Should().OnlyContain(reply => reply.Status == 200);
            (await client.MeByBasicAsync(name, Changed)).Status.Should().Be(503, "the twin: another password needs a bcrypt");
        }

        counted.Should().BeEquivalentTo(new Dictionary<string, int> { ["verified"] = 1, ["remembered"] = 1000, ["busy"] = 1 });
    }

    [Fact, Trait("row", "PAT-11")]
    public async Task Sixty_four_at_once_with_the_right_pair_share_one_bcrypt()
    {
        await host.AddAccountAsync(name);
        using HttpClient client = host.Connect();
        Dictionary<string, int> counted = [];
        using MeterListener listener = Listen(counted);

        Reply[] replies = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => client.MeByBasicAsync(name)));

        replies.Should().OnlyContain(reply => reply.Status == 200, "with a second bcrypt some had been told that it is busy");
        counted.Should().BeEquivalentTo(new Dictionary<string, int> { ["verified"] = 1, ["remembered"] = 63 });
    }

    [Fact, Trait("row", "PAT-11")]
    public async Task After_a_minute_the_password_is_verified_again()
    {
        await using ServerHost own = BasicHost.Made();
        await own.AddAccountAsync("alice");
        using HttpClient client = own.Connect();
        (await client.MeByBasicAsync("alice")).Status.Should().Be(200);

        own.Time.Advance(VerifiedPairs.Lifetime - TimeSpan.FromTicks(1));
        using (await own.HoldHashingAsync())
        {
            (await client.MeByBasicAsync("alice")).Status.Should().Be(200);
            own.Time.Advance(TimeSpan.FromTicks(1));
            (await client.MeByBasicAsync("alice")).Status.Should().Be(503);
        }
        (await client.MeByBasicAsync("alice")).Status.Should().Be(200);
    }

    [Theory, Trait("row", "PAT-11")]
    [InlineData("here")]
    [InlineData("by another process")]
    [InlineData("by an administrator")]
    public async Task A_changed_password_ends_the_old_one_at_once(string how)
    {
        await using ServerHost other = BasicHost.Of(new ServerHost(host.Directory) { Issuer = host.Issuer });
        AccountSnapshot account = await host.AddAccountAsync(name);
        using HttpClient client = host.Connect();
        (await client.MeByBasicAsync(name)).Status.Should().Be(200);

        (await ChangeAsync(how == "by another process" ? other : host, how == "by an administrator" ? account.Subject : null)).Status
            .Should().Be(204);

        Reply old = await client.MeByBasicAsync(name);
        (old.Status, old.Code).Should().Be((401, "invalid_credentials"));
        (await client.MeByBasicAsync(name, Changed)).Status.Should().Be(200);
        using IDisposable held = await host.HoldHashingAsync();
        (await client.MeByBasicAsync(name, Changed)).Status.Should().Be(200, "the new one is remembered");
        (await client.MeByBasicAsync(name)).Status.Should().Be(503, "and the old one is not");
    }

    [Fact]
    public async Task A_disabled_account_is_refused_at_once_and_verified_anew_when_it_is_enabled()
    {
        AccountSnapshot account = await host.AddAccountAsync(name);
        using HttpClient client = host.Connect(), administrator = host.Connect(await host.LoginAsync("root", host.Issuer));
        (await client.MeByBasicAsync(name)).Status.Should().Be(200);

        (await administrator.AskAsync("POST", $"/admin/users/{account.Subject}/disable")).Status.Should().Be(204);
        Reply disabled = await client.MeByBasicAsync(name);
        (await administrator.AskAsync("POST", $"/admin/users/{account.Subject}/enable")).Status.Should().Be(204);

        (disabled.Status, disabled.Code).Should().Be((401, "invalid_credentials"));
        using (await host.HoldHashingAsync())
            (await client.MeByBasicAsync(name)).Status.Should().Be(503, "what was remembered is gone");
        (await client.MeByBasicAsync(name)).Status.Should().Be(200);
    }

    [Fact]
    public async Task A_deleted_account_is_refused_at_once_and_a_new_one_of_the_same_name_and_password_is_another()
    {
        AccountSnapshot account = await host.AddAccountAsync(name);
        using HttpClient client = host.Connect(), administrator = host.Connect(await host.LoginAsync("root", host.Issuer));
        (await client.MeByBasicAsync(name)).Json.GetProperty("sub").GetString().Should().Be(account.Subject);

        (await administrator.AskAsync("DELETE", $"/admin/users/{account.Subject}")).Status.Should().Be(204);

        (await client.MeByBasicAsync(name)).Status.Should().Be(401);
        AccountSnapshot successor = await host.AddAccountAsync(name);
        (await client.MeByBasicAsync(name)).Json.GetProperty("sub").GetString().Should().Be(successor.Subject).And.NotBe(account.Subject);
    }

    [Fact]
    public async Task A_role_is_there_and_gone_with_the_next_request_and_its_scopes_with_it()
    {
        AccountSnapshot account = await host.AddAccountAsync(name);
        using HttpClient client = host.Connect(), administrator = host.Connect(await host.LoginAsync("root", host.Issuer));
        string role = $"/admin/users/{account.Subject}/roles/clerk";
        (await client.MeByBasicAsync(name)).Json.GetProperty("scope").GetString().Should().Be("orders:read");
        using IDisposable held = await host.HoldHashingAsync();

        (await administrator.AskAsync("PUT", role)).Status.Should().Be(204);
        Reply with = await client.MeByBasicAsync(name);
        (await administrator.AskAsync("DELETE", role)).Status.Should().Be(204);
        Reply without = await client.MeByBasicAsync(name);

        with.Json.GetProperty("roles").EnumerateArray().Select(one => one.GetString()).Should().Equal("clerk");
        with.Json.GetProperty("scope").GetString().Should().Be("orders:read orders:write");
        without.Json.GetProperty("roles").GetArrayLength().Should().Be(0);
        without.Json.GetProperty("scope").GetString().Should().Be("orders:read");
    }

    private async Task<Reply> ChangeAsync(ServerHost where, string? subjectToReset)
    {
        using HttpClient caller = where.Connect(await where.LoginAsync(subjectToReset is null ? name : "root", where.Issuer));
        return subjectToReset is null
            ? await caller.AskAsync("POST", "/auth/password", new { current_password = ServerHost.Password, new_password = Changed })
            : await caller.AskAsync("POST", $"/admin/users/{subjectToReset}/password", new { new_password = Changed });
    }

    private MeterListener Listen(Dictionary<string, int> counted)
    {
        IMeterFactory factory = host.Get<IMeterFactory>();
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Meter.Name == Meters.Name && instrument.Meter.Scope == factory && instrument.Name == "jwtauth.basic")
                    listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            lock (counted)
                counted[$"{tags[0].Value}"] = counted.GetValueOrDefault($"{tags[0].Value}") + (int)value;
        });
        listener.Start();
        return listener;
    }
}
