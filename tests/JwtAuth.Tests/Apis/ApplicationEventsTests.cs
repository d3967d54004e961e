using System.Security.Claims;
using System.Text.Json;
using JwtAuth.Bearer;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace JwtAuth.Tests.Apis;

/// <summary>
/// An application's own JwtBearerEvents: raised as JwtBearer would, whether a token is seen for the first time or
/// again, and never instead of a check.
/// </summary>
public sealed class ApplicationEventsTests : IAsyncDisposable
{
    private readonly ManualTime time = new();
    private readonly SigningKey key = SigningKey.Generate(SignatureAlgorithm.ES256);
    private Issuer? issuer;
    private ApiHost? api;
    private HttpClient? client;

    [Fact]
    public async Task A_token_may_be_brought_from_elsewhere_and_is_checked_all_the_same()
    {
        await StartAsync(new JwtBearerEvents
        {
            OnMessageReceived = context => { context.Token = context.Request.Headers["X-Token"]; return Task.CompletedTask; },
        });
        string good = issuer!.Token(key), bad = issuer.Token(SigningKey.Generate(SignatureAlgorithm.ES256)),
            other = issuer.Token(key, "invoices");
        for (int time = 0; time < 3; time++)
        {
            (await FromElsewhereAsync(good)).Status.Should().Be(200);
            (await FromElsewhereAsync(bad)).ShouldBeRefused(401, "unknown_key");
            (await FromElsewhereAsync(other)).ShouldBeRefused(401, "wrong_audience");
            (await client!.AskWithAsync(good)).Status.Should().Be(200, "the header is read where nothing was brought");
            (await client!.AskAsync("GET", "/orders")).Status.Should().Be(401);
        }

        Task<Reply> FromElsewhereAsync(string token) => client!.AskAsync("GET", "/orders", null, ("X-Token", token));
    }

    [Fact]
    public async Task An_event_that_is_set_after_the_checks_is_raised_too_and_its_refusal_is_told_as_one()
    {
        await StartAsync(
            null, services => services.PostConfigure<JwtBearerOptions>("Bearer", options => options.Events.OnTokenValidated = context =>
        {
            if (context.Principal!.HasClaim("scope", "orders:write"))
                context.Fail("not today");
            return Task.CompletedTask;
        }));
        string refused = issuer!.Token(key, members: "\"scope\":\"orders:write\""), accepted = issuer.Token(key);
        for (int time = 0; time < 3; time++)
        {
            (await client!.AskWithAsync(refused)).ShouldBeRefused(401, "refused_by_application");
            (await client!.AskWithAsync(accepted)).Status.Should().Be(200);
        }
    }

    [Fact]
    public async Task A_challenge_and_a_refusal_raise_events_that_are_set_after_the_checks_too()
    {
        List<string> told = [];
        await StartAsync(null, services => services.PostConfigure<JwtBearerOptions>("Bearer", options =>
        {
            options.Events.OnChallenge = context => { told.Add("challenge"); return Task.CompletedTask; };
            options.Events.OnForbidden = context => { told.Add("forbidden"); return Task.CompletedTask; };
        }));
        Reply bare = await client!.AskAsync("GET", "/orders");
        bare.ShouldBeRefused(401, "no_token");
        bare.Json.GetProperty("title").GetString().Should().Be("A bearer token is required.", "none was refused");
        told.Should().Equal("challenge");
        (await client!.AskAsync("POST", "/orders", new { item = "lamp" }, ("Authorization", $"Bearer {issuer!.Token(key)}"))).Status
            .Should().Be(403);
        told.Should().Equal("challenge", "forbidden");
        (await client!.AskWithAsync(issuer.Token(key))).Status.Should().Be(200);
        told.Should().HaveCount(2);
    }

    [Fact]
    public async Task Events_that_take_the_place_of_the_checks_stop_the_start()
    {
        issuer = await Issuer.StartAsync(time, key);
        api = new ApiHost(issuer.Url)
            .With(services => services.PostConfigure<JwtBearerOptions>("Bearer", options => options.Events = new()));
        api.StartFault().Should().Contain("set them with Configure, not PostConfigure");
    }

    [Fact]
    public async Task A_good_token_may_be_refused_by_the_application_every_time()
    {
        int raised = 0;
        await StartAsync(new JwtBearerEvents
        {
            OnTokenValidated = context =>
            {
                raised++;
                context.SecurityToken.Issuer.Should().Be(issuer!.Url);
                if (context.Principal!.HasClaim("scope", "orders:write"))
                    context.Fail("not today");
                return Task.CompletedTask;
            },
        });
        string refused = issuer!.Token(key, members: "\"scope\":\"orders:write\""), accepted = issuer.Token(key);
        for (int time = 1; time <= 3; time++)
        {
            (await client!.AskWithAsync(refused)).Status.Should().Be(401);
            (await client!.AskWithAsync(accepted)).Status.Should().Be(200);
            raised.Should().Be(2 * time);
        }
        (await client!.AskWithAsync(issuer.Token(key, "invoices"))).Status.Should().Be(401);
        raised.Should().Be(6, "a token that fails a check is not validated");
    }

    [Fact]
    public async Task The_principal_may_be_replaced_every_time()
    {
        await StartAsync(new JwtBearerEvents
        {
            OnTokenValidated = context =>
            {
                context.Principal = new ClaimsPrincipal(
                    new ClaimsIdentity([new Claim("sub", "replaced"), .. context.Principal!.FindAll("jti")], "own"));
                return Task.CompletedTask;
            },
        });
        string token = issuer!.Token(key);
        for (int time = 0; time < 3; time++)
            (await client!.AskWithAsync(token, "/echo")).Json.GetProperty("sub").GetString().Should().Be("replaced");
        (await client!.AskWithAsync(issuer.Token(key, "invoices"), "/echo")).ShouldBeRefused(401, "wrong_audience");
    }

    [Fact]
    public async Task A_failure_is_told_to_the_application_every_time()
    {
        List<string> told = [];
        await StartAsync(new JwtBearerEvents
        {
            OnAuthenticationFailed = context =>
            {
                told.Add(TokenRejection.Of(context.Exception)!.Reason);
                return Task.CompletedTask;
            },
        });
        string token = issuer!.Token(key);
        (await client!.AskWithAsync(token)).Status.Should().Be(200);
        (await client!.AskWithAsync(token + "A")).Status.Should().Be(401);
        (await client!.AskAsync("GET", "/orders")).Status.Should().Be(401);
        told.Should().Equal("bad_signature");
        time.Advance(TimeSpan.FromMinutes(6));
        (await client!.AskWithAsync(token)).ShouldBeRefused(401, "expired", "it was seen before");
        told.Should().Equal("bad_signature", "expired");
    }

    [Fact]
    public async Task A_challenge_may_be_answered_by_the_application()
    {
        await StartAsync(new JwtBearerEvents
        {
            OnChallenge = context =>
            {
                if (!context.Request.Headers.ContainsKey("X-Own"))
                    return Task.CompletedTask;
                context.HandleResponse();
                context.Response.StatusCode = StatusCodes.Status418ImATeapot;
                return Task.CompletedTask;
            },
        });
        (await client!.AskAsync("GET", "/orders", null, ("X-Own", "1"))).Status.Should().Be(418);
        (await client!.AskAsync("GET", "/orders", null, ("X-Own", "1"), ("Authorization", "Bearer nonsense"))).Status.Should().Be(418);
        (await client!.AskAsync("GET", "/orders")).Status.Should().Be(401);
        (await client!.AskAsync("GET", "/orders")).Header("WWW-Authenticate").Should().Be("Bearer");
    }

    [Fact]
    public async Task A_missing_scope_is_named_and_the_application_is_told()
    {
        int forbidden = 0;
        await StartAsync(new JwtBearerEvents { OnForbidden = _ => { forbidden++; return Task.CompletedTask; } });
        string without = issuer!.Token(key, members: "\"scope\":\"orders:write\""), with = issuer.Token(key);
        for (int time = 1; time <= 2; time++)
        {
            Reply reply = await client!.AskWithAsync(without, "/echo/scope");
            reply.Status.Should().Be(403);
            reply.Header("WWW-Authenticate").Should().Be("Bearer error=\"insufficient_scope\", scope=\"orders:read\"");
            (await client!.AskWithAsync(with, "/echo/scope")).Status.Should().Be(200);
            forbidden.Should().Be(time);
        }
    }

    [Theory]
    [InlineData("/echo/scope", "\"scope\":\"orders:write orders:read\"", "\"scope\":\"orders:reader\"")]
    [InlineData("/echo/readers", "\"scope\":\"orders:write orders:read\"", "\"scope\":\"orders:reader\"")]
    [InlineData("/echo/clerks", "\"roles\":[\"owner\",\"clerk\"]", "\"roles\":[\"Clerk\",\"clerks\"]")]
    public async Task Scopes_and_roles_open_what_they_are_for(string path, string enough, string tooLittle)
    {
        await StartAsync(events: null);
        (string good, string poor) = (issuer!.Token(key, members: enough), issuer.Token(key, members: tooLittle));
        for (int time = 0; time < 2; time++)
        {
            (await client!.AskWithAsync(good, path)).Status.Should().Be(200);
            (await client!.AskWithAsync(poor, path)).Status.Should().Be(403);
            (await client!.AskAsync("GET", path)).Status.Should().Be(401);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_caller_has_a_name_and_roles_and_the_token_is_kept_only_where_that_is_asked_for(bool saves)
    {
        await StartAsync(events: null, saves);
        (string clerk, string nobody) = (issuer!.Token(key), issuer.Token(key, members: "\"roles\":[]"));
        for (int time = 0; time < 2; time++)
        {
            Echo echo = await EchoAsync(clerk);
            echo.Should().Be(new Echo("YWxpY2U", echo.Jti, "alice", IsClerk: true, Marks: 0, saves ? clerk : null));
            (await EchoAsync(nobody)).Should().Match<Echo>(other => !other.IsClerk && other.Saved == (saves ? nobody : null));
        }
    }

    [Fact]
    public async Task Nothing_is_prepared_for_events_that_nobody_has_set()
    {
        await StartAsync(null);
        IsAlone().Should().BeTrue("JwtBearer's own events do nothing");
        ((BearerEvents)Options().Events).OnTokenValidated = _ => Task.CompletedTask;
        IsAlone().Should().BeFalse("somebody listens now");

        JwtBearerOptions Options() => api!.Get<IOptionsMonitor<JwtBearerOptions>>().Get("Bearer");
        bool IsAlone() => ((BearerEvents)Options().Events).IsAlone;
    }

    [Fact]
    public async Task Events_made_by_the_container_stop_the_start_because_they_would_take_the_place_of_the_checks()
    {
        await StartAsync(new JwtBearerEvents());
        api!.StartFault().Should().BeEmpty();
        await using ApiHost typed = new ApiHost(issuer!.Url)
            .With(services => services.Configure<JwtBearerOptions>("Bearer", options => options.EventsType = typeof(JwtBearerEvents)));
        typed.StartFault().Should().Match("*EventsType of the scheme Bearer*set Events instead*");
    }

    public async ValueTask DisposeAsync()
    {
        client?.Dispose();
        await (api?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (issuer?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private async Task<Echo> EchoAsync(string token) =>
        JsonSerializer.Deserialize<Echo>((await client!.AskWithAsync(token, "/echo")).Body, JsonSerializerOptions.Web)!;

    private Task StartAsync(JwtBearerEvents? events, Action<IServiceCollection> afterwards) => StartAsync(events, saves: false, afterwards);

    private async Task StartAsync(JwtBearerEvents? events, bool saves = false, Action<IServiceCollection>? afterwards = null)
    {
        issuer = await Issuer.StartAsync(time, key);
        api = new ApiHost(issuer.Url) { Time = time }.WithEcho().With(services => services.Configure<JwtBearerOptions>("Bearer", options =>
        {
            options.SaveToken = saves;
            if (events is not null)
                options.Events = events;
        }));
        if (afterwards is not null)
            api.With(afterwards);
        client = api.Connect();
    }
}
