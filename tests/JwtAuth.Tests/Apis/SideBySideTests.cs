using System.Security.Claims;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;

namespace JwtAuth.Tests.Apis;

/// <summary>
/// A scheme of ours and one of the stock handler for the same tokens, with the same events and options: what an application sees of the one
/// it sees of the other.
/// </summary>
public sealed class SideBySideTests : IAsyncDisposable
{
    private static readonly string[] Schemes = ["Bearer", "Stock"];

    private readonly SigningKey key = SigningKey.Generate(SignatureAlgorithm.ES256);

    // The stock handler knows no other clock than the machine's.
    private readonly ManualTime issuersTime = new(DateTimeOffset.UtcNow);
    private Issuer issuer = null!;
    private ApiHost? api;
    private HttpClient client = null!;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_properties_say_when_the_token_was_issued_and_when_it_expires(bool isAlone)
    {
        await StartAsync(options =>
        {
            options.SaveToken = !isAlone;
            if (!isAlone)
                options.Events = new JwtBearerEvents();
        });
        string token = issuer.Token(key);
        DateTimeOffset issued = DateTimeOffset.FromUnixTimeSeconds(issuersTime.GetUtcNow().ToUnixTimeSeconds());

        for (int time = 0; time < 3; time++)
        {
            Ticket ours = await TicketAsync("Bearer", token);
            ours.Should().Be(new Ticket(true, null, issued, issued.AddMinutes(5), isAlone ? null : token, null));
            ours.Should().Be(await TicketAsync("Stock", token));
        }
        (await TicketAsync("Bearer", token + "A")).ExpiresUtc.Should().BeNull();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Properties_that_an_event_has_changed_or_replaced_are_those_of_the_ticket(bool decides)
    {
        await StartAsync(options =>
        {
            options.SaveToken = false;
            options.Events = new JwtBearerEvents
            {
                OnTokenValidated = context =>
                {
                    context.Properties.ExpiresUtc.Should().NotBeNull("it is told before the event is raised");
                    if (context.Request.Headers.ContainsKey("X-Replace"))
                        context.Properties = new AuthenticationProperties();
                    context.Properties.Items["own"] = "mine";
                    context.Principal!.AddIdentity(new ClaimsIdentity([new Claim("mark", "1")]));
                    if (decides)
                        context.Success();
                    return Task.CompletedTask;
                },
            };
        });
        string token = issuer.Token(key);

        for (int time = 0; time < 2; time++)
        {
            foreach (string scheme in Schemes)
            {
                (await TicketAsync(scheme, token))
                    .Should().Match<Ticket>(ticket => ticket.Own == "mine" && ticket.ExpiresUtc != null, scheme);
                (await TicketAsync(scheme, token, ("X-Replace", "1")))
                    .Should().Match<Ticket>(ticket => ticket.Own == "mine" && ticket.ExpiresUtc == null, scheme);
            }
        }
    }

    public static TheoryData<string, string> Failures => new()
    {
        { "expired", nameof(SecurityTokenExpiredException) },
        { "not yet valid", nameof(SecurityTokenNotYetValidException) },
        { "another audience", nameof(SecurityTokenInvalidAudienceException) },
        { "another issuer", nameof(SecurityTokenInvalidIssuerException) },
        { "another key", nameof(SecurityTokenSignatureKeyNotFoundException) },
        { "another signature", nameof(SecurityTokenInvalidSignatureException) },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_failure_has_the_type_that_applications_know(string defect, string type)
    {
        Dictionary<string, Exception> told = [];
        await StartAsync(options => options.Events = new JwtBearerEvents
        {
            OnAuthenticationFailed = context =>
            {
                told[context.Scheme.Name] = context.Exception;
                return Task.CompletedTask;
            },
        });
        (string good, DateTimeOffset now) = (issuer.Token(key), issuersTime.GetUtcNow());
        issuersTime.SetClock(defect switch { "expired" => now.AddHours(-1), "not yet valid" => now.AddHours(1), _ => now });
        await using Issuer elsewhere = await Issuer.StartAsync(issuersTime, key);
        string bad = defect switch
        {
            "another audience" => issuer.Token(key, "invoices"),
            "another issuer" => elsewhere.Token(key),
            "another key" => issuer.Token(SigningKey.Generate(SignatureAlgorithm.ES256)),
            "another signature" => good[..good.LastIndexOf('.')] + issuer.Token(key, "invoices")[good.LastIndexOf('.')..],
            _ => issuer.Token(key),
        };

        foreach (string scheme in Schemes)
        {
            (await TicketAsync(scheme, good)).Succeeded.Should().BeTrue();
            (await TicketAsync(scheme, bad)).Failure.Should().Be(type, scheme);
        }

        told["Bearer"].Should().BeOfType(told["Stock"].GetType());
        told["Bearer"].Message.Should().Be($"Access token refused: {TokenRejection.Of(told["Bearer"])}", "nothing of the token is in it");
        TokenRejection.Of(told["Stock"]).Should().BeNull();
        if (told["Bearer"] is SecurityTokenExpiredException expired)
            expired.Expires.Should().Be(((SecurityTokenExpiredException)told["Stock"]).Expires).And.NotBe(default);
        if (told["Bearer"] is SecurityTokenNotYetValidException early)
            early.NotBefore.Should().Be(((SecurityTokenNotYetValidException)told["Stock"]).NotBefore).And.NotBe(default);
    }

    [Fact]
    public async Task A_token_that_was_seen_expires_with_its_own_time_and_never_with_that_of_another()
    {
        List<Exception> told = [];
        await StartAsync(options => options.Events = new JwtBearerEvents
        {
            OnAuthenticationFailed = context =>
            {
                told.Add(context.Exception);
                return Task.CompletedTask;
            },
        }, issuersTime);
        string first = issuer.Token(key);
        issuersTime.Advance(TimeSpan.FromSeconds(1));
        string second = issuer.Token(key);
        foreach (string token in new[] { first, second })
            (await TicketAsync("Bearer", token)).Succeeded.Should().BeTrue();
        issuersTime.Advance(TimeSpan.FromMinutes(6));

        foreach (string token in new[] { first, second })
            (await TicketAsync("Bearer", token)).Succeeded.Should().BeFalse();

        told.Should().HaveCount(2).And.AllBeOfType<SecurityTokenExpiredException>();
        (((SecurityTokenExpiredException)told[1]).Expires - ((SecurityTokenExpiredException)told[0]).Expires)
            .Should().Be(TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData(null, null, null, "Bearer", "Bearer error=\"invalid_token\"")]
    [InlineData("Bearer realm=\"orders\"", null, null,
        "Bearer realm=\"orders\"", "Bearer realm=\"orders\", error=\"invalid_token\"")]
    [InlineData("Bearer realm=\"orders\"", "Ask the desk.", "https://example.com/tokens",
        "Bearer realm=\"orders\", error_description=\"Ask the desk.\", error_uri=\"https://example.com/tokens\"",
        "Bearer realm=\"orders\", error=\"invalid_token\", error_description=\"Ask the desk.\", error_uri=\"https://example.com/tokens\"")]
    [InlineData(null, "Ask the desk.", null,
        "Bearer error_description=\"Ask the desk.\"", "Bearer error=\"invalid_token\", error_description=\"Ask the desk.\"")]
    public async Task A_challenge_is_made_of_the_options_and_of_what_the_event_has_left(
        string? challenge, string? description, string? uri, string without, string withBadToken)
    {
        await StartAsync(options =>
        {
            options.Challenge = challenge ?? options.Challenge;
            options.Events = new JwtBearerEvents
            {
                OnChallenge = context =>
                {
                    (context.ErrorDescription, context.ErrorUri) = (description, uri);
                    return Task.CompletedTask;
                },
            };
        });

        foreach (string scheme in Schemes)
        {
            (await client.AskAsync("GET", $"/echo/by/{scheme}")).Header("WWW-Authenticate").Should().Be(without, scheme);
            (await client.AskWithAsync("nonsense", $"/echo/by/{scheme}")).Header("WWW-Authenticate").Should().Be(withBadToken, scheme);
            (await client.AskWithAsync(issuer.Token(key), $"/echo/by/{scheme}")).Status.Should().Be(200);
        }
    }

    [Fact]
    public async Task Without_details_a_challenge_is_bare_and_without_events_it_is_the_fixed_text()
    {
        await StartAsync(options => options.IncludeErrorDetails = false);

        foreach (string scheme in Schemes)
            (await client.AskWithAsync("nonsense", $"/echo/by/{scheme}")).Header("WWW-Authenticate").Should().Be("Bearer", scheme);
        (await client.AskWithAsync(issuer.Token(key, members: "\"scope\":\"a\""), "/echo/scope"))
            .Should().Match<Reply>(reply => reply.Status == 403 && reply.Header("WWW-Authenticate") == "");
    }

    [Fact]
    public async Task What_an_event_says_of_the_error_can_be_sent_whatever_it_holds()
    {
        await StartAsync(options => options.Events = new JwtBearerEvents
        {
            OnChallenge = context =>
            {
                context.ErrorDescription = "für \"alice\"\r\nX-Own: 1\\";
                return Task.CompletedTask;
            },
        });

        Reply reply = await client.AskWithAsync("nonsense", "/echo/by/Bearer");

        (reply.Status, reply.Header("WWW-Authenticate"), reply.Header("X-Own"))
            .Should().Be((401, "Bearer error=\"invalid_token\", error_description=\"f?r 'alice'??X-Own: 1?\"", ""));
    }

    [Fact]
    public async Task An_event_that_brings_no_token_leaves_the_header()
    {
        await StartAsync(options => options.Events = new JwtBearerEvents
        {
            OnMessageReceived = context =>
            {
                context.Token = context.Request.Query["token"].ToString(); // empty if there is none
                return Task.CompletedTask;
            },
        });
        string token = issuer.Token(key);

        foreach (string scheme in Schemes)
        {
            (await TicketAsync(scheme, token)).Succeeded.Should().BeTrue(scheme);
            (await client.AskAsync("GET", $"/echo/by/{scheme}?token={token}")).Status.Should().Be(200, scheme);
            (await client.AskAsync("GET", $"/echo/by/{scheme}")).Header("WWW-Authenticate").Should().Be("Bearer", scheme);
        }
    }

    [Fact]
    public async Task Two_tokens_and_an_event_that_throws_are_told_as_failures()
    {
        List<string> told = [];
        await StartAsync(options => options.Events = new JwtBearerEvents
        {
            OnTokenValidated = context => context.Request.Headers.ContainsKey("X-Throw") ? throw new FormatException() : Task.CompletedTask,
            OnAuthenticationFailed = context =>
            {
                told.Add($"{context.Scheme.Name} {context.Exception.GetType().Name}");
                if (context.Exception is FormatException)
                    context.Fail("not today");
                return Task.CompletedTask;
            },
        });
        string token = issuer.Token(key);

        foreach (string scheme in Schemes)
        {
            (await client.AskAsync("GET", $"/echo/by/{scheme}", null,
                ("Authorization", $"Bearer {token}"), ("X-Throw", "1"))).Status.Should().Be(401, scheme);
        }
        Reply twice = await client.AskAsync("GET", $"/echo/by/Bearer?access_token={token}", null, ("Authorization", $"Bearer {token}"));
        twice.ShouldBeRefused(400, "ambiguous_request");

        told.Distinct().Should().Equal("Bearer FormatException", "Stock FormatException", "Bearer AmbiguousRequestException");
        (await client.AskWithAsync(token, "/echo/by/Bearer")).Status.Should().Be(200);
    }

    public async ValueTask DisposeAsync()
    {
        client?.Dispose();
        await (api?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (issuer?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private async Task<Ticket> TicketAsync(string scheme, string token, params (string Name, string Value)[] headers) =>
        System.Text.Json.JsonSerializer.Deserialize<Ticket>(
            (await client.AskAsync("GET", $"/echo/ticket/{scheme}", null, [("Authorization", $"Bearer {token}"), .. headers])).Body,
            System.Text.Json.JsonSerializerOptions.Web)!;

    private async Task StartAsync(Action<JwtBearerOptions> configure, TimeProvider? time = null)
    {
        issuer = await Issuer.StartAsync(issuersTime, key);
        api = new ApiHost(issuer.Url) { Time = time ?? TimeProvider.System }.WithEcho().With(services =>
        {
            services.Configure("Bearer", configure);
            services.AddAuthentication("Bearer").AddJwtBearer("Stock", options =>
            {
                options.MapInboundClaims = false;
                options.TokenValidationParameters = new TokenValidationParameters
                {
                    ValidIssuer = issuer.Url,
                    ValidAudience = "orders",
                    IssuerSigningKeys = new JsonWebKeySet(issuer.JsonWebKeySet).Keys,
                };
                configure(options);
            });
        });
        client = api.Connect();
    }
}
