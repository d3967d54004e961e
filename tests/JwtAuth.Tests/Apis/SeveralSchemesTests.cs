using System.Text.Encodings.Web;
using JwtAuth.Bearer;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace JwtAuth.Tests.Apis;

/// <summary>
/// One call that takes tokens of several schemes. They are asked one after the other, and what comes of it does not depend on their order.
/// </summary>
public sealed class SeveralSchemesTests : IAsyncDisposable
{
    private const string Refused = "Bearer error=\"invalid_token\"", Visiting = "Visiting realm=\"cards\"";

    private readonly SigningKey key = NewKey(), foreign = NewKey();
    private readonly ManualTime time = new(DateTimeOffset.UtcNow);
    private Issuer issuer = null!, other = null!;
    private ApiHost? api;
    private HttpClient client = null!;

    [Theory]
    [InlineData("Bearer", "Other")]
    [InlineData("Other", "Bearer")]
    public async Task An_outage_of_another_issuer_does_not_blur_what_is_known_of_ours(params string[] schemes)
    {
        await StartAsync(schemes, otherIsDown: true);
        string expired = issuer.Token(key);
        time.Advance(TimeSpan.FromMinutes(6));

        Reply reply = await AnyAsync(expired);
        reply.ShouldBeRefused(401, "expired");
        (reply.Header("WWW-Authenticate"), reply.Header("Retry-After")).Should().Be((Refused, ""));
        (await AnyAsync(issuer.Token(key, "invoices"))).ShouldBeRefused(401, "wrong_audience");
        (await AnyAsync(issuer.Token(NewKey()))).ShouldBeRefused(401, "unknown_key");
        (await AnyAsync(issuer.Token(key))).Status.Should().Be(200);

        Reply unknown = await AnyAsync(other.Token(foreign));
        unknown.ShouldBeRefused(503, "keys_unknown", "it may be good there");
        unknown.Header("WWW-Authenticate").Should().BeEmpty();
        other.Instead = null;
        time.Advance(TimeSpan.FromSeconds(1));
        await Patience.UntilAsync(async () => (await AnyAsync(other.Token(foreign))).Status == 200);
    }

    [Fact]
    public async Task The_keys_are_not_read_for_a_token_that_names_another_issuer()
    {
        await StartAsync(["Bearer", "Other"]);
        await client.HeardAsync();
        (int ours, int theirs) = (issuer.Fetches, other.Fetches);
        for (int count = 0; count < 3; count++)
            (await AnyAsync(other.Token(NewKey()))).Status.Should().Be(401);
        (issuer.Fetches, other.Fetches).Should().Be((ours, theirs + 1), "the kid is looked for at the issuer that the token names");

        SigningKey next = NewKey();
        issuer.Publish(key, next);
        (await AnyAsync(issuer.Token(next))).Status.Should().Be(200, "no cool-down has begun");
    }

    [Theory]
    [InlineData("Bearer", "Stock")]
    [InlineData("Stock", "Bearer")]
    [InlineData("Stock", "Bearer", "Other", "Visitors")]
    [InlineData("Visitors", "Other", "Bearer", "Stock")]
    public async Task Each_scheme_puts_its_challenge_beside_the_others_and_the_reason_is_told(params string[] schemes)
    {
        await StartAsync(schemes);

        Reply none = await AnyAsync(token: null), bad = await AnyAsync(issuer.Token(key, "invoices"));

        none.ShouldBeRefused(401, "no_token");
        bad.ShouldBeRefused(401, "wrong_audience");
        Challenges(bad).Should().ContainSingle(challenge => challenge == Refused, "two schemes of ours say the same");
        bad.Header("WWW-Authenticate").Should().Contain("error_description", "so says the stock scheme");
        (none.Header("WWW-Authenticate") + bad.Header("WWW-Authenticate")).Split(Visiting).Should()
            .HaveCount(schemes.Contains("Visitors") ? 3 : 1);
        (await AnyAsync(issuer.Token(key))).Status.Should().Be(200);
    }

    [Theory]
    [InlineData("Bearer", "Stock", "Visitors")]
    [InlineData("Stock", "Visitors", "Bearer")]
    public async Task That_nobody_can_tell_is_said_whatever_other_schemes_say_before_or_after(params string[] schemes)
    {
        await StartAsync(schemes, isDown: true);

        Reply unknown = await AnyAsync(issuer.Token(key));

        unknown.ShouldBeRefused(503, "keys_unknown");
        Challenges(unknown).Should().Contain(Visiting, "that is another's").And.NotContain(Refused);
        (await AnyAsync("nonsense")).ShouldBeRefused(401, "not_compact");
    }

    [Fact]
    public async Task Outside_of_Development_the_answers_are_the_same_without_a_body()
    {
        await StartAsync(["Bearer", "Stock"], isDown: true, environment: "Production");

        (await AnyAsync(issuer.Token(key))).Should().Match<Reply>(reply => reply.Status == 503 && reply.Body == "");
        Reply bad = await AnyAsync("nonsense");
        (bad.Status, bad.Body, bad.Header("Content-Type")).Should().Be((401, "", ""));
    }

    [Fact]
    public async Task An_issuer_that_is_down_takes_precedence_in_either_order_of_two_schemes_for_it()
    {
        foreach (string[] schemes in new string[][] { ["Bearer", "Invoices"], ["Invoices", "Bearer"] })
        {
            await StartAsync(schemes, then: services => services.AddAuthentication().AddJwtAuthBearer("Invoices", options =>
            {
                (options.Authority, options.Denials) = (issuer.Url, DenialsFrom.Feed);
                (options.ClientId, options.ClientSecret) = ("nobody", "hears");
                options.Audiences.Add("invoices");
            }));
            Reply unknown = await AnyAsync(issuer.Token(key, "invoices"));
            unknown.ShouldBeRefused(503, "denials_unknown", "it is good there, if it was not ended");
            unknown.Header("WWW-Authenticate").Should().BeEmpty();
            (await AnyAsync(issuer.Token(key))).Status.Should().Be(200);
            (await AnyAsync(issuer.Token(key, "nobody"))).ShouldBeRefused(401, "wrong_audience");
            await DisposeAsync();
        }
    }

    [Fact]
    public async Task A_missing_scope_is_added_to_what_others_have_said()
    {
        await StartAsync(["Bearer"], then: services => services.AddSingleton<Microsoft.AspNetCore.Hosting.IStartupFilter>(new Visitors()));
        string poor = issuer.Token(key, members: "\"scope\":\"orders:write\"");

        Reply reply = await client.AskWithAsync(poor, "/echo/scope");

        reply.Status.Should().Be(403);
        Challenges(reply).Should().Equal(Visiting, "Bearer error=\"insufficient_scope\", scope=\"orders:read\"");
        (await client.AskWithAsync(issuer.Token(key), "/echo/scope")).Status.Should().Be(200);
    }

    public async ValueTask DisposeAsync()
    {
        client?.Dispose();
        await (api?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (issuer?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (other?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private static SigningKey NewKey() => SigningKey.Generate(SignatureAlgorithm.ES256);

    // Values of their own are joined by the client with a comma and a space, as are parameters; a value begins with its scheme's name.
    private static string[] Challenges(Reply reply) =>
        System.Text.RegularExpressions.Regex.Split(reply.Header("WWW-Authenticate"), ", (?=Bearer|Visiting)");

    private Task<Reply> AnyAsync(string? token) =>
        token is null ? client.AskAsync("GET", "/echo/any") : client.AskWithAsync(token, "/echo/any");

    private async Task StartAsync(string[] schemes, bool isDown = false, bool otherIsDown = false, string environment = "Development",
        Action<IServiceCollection>? then = null)
    {
        (issuer, other) = (await Issuer.StartAsync(time, key), await Issuer.StartAsync(time, foreign));
        issuer.Instead = isDown ? Fail : null;
        other.Instead = otherIsDown ? Fail : null;
        api = new ApiHost(issuer.Url) { Time = time, Environment = environment }.WithEcho().With(services =>
        {
            services.AddAuthentication("Bearer")
                .AddJwtAuthBearer("Other", options =>
                {
                    (options.Authority, options.Denials) = (other.Url, DenialsFrom.None);
                    options.Audiences.Add("orders");
                })
                .AddJwtBearer("Stock", options => options.TokenValidationParameters = new TokenValidationParameters
                {
                    ValidIssuer = "somebody else",
                    ValidAudience = "orders",
                    IssuerSigningKeys = new JsonWebKeySet(other.JsonWebKeySet).Keys,
                })
                .AddScheme<AuthenticationSchemeOptions, Visitor>("Visitors", _ => { });
            services.AddAuthorizationBuilder()
                .AddPolicy("any", policy => policy.AddAuthenticationSchemes(schemes).RequireAuthenticatedUser());
        });
        if (then is not null)
            api.With(then);
        client = api.Connect();

        static Task Fail(HttpContext context)
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        }
    }

    /// <summary>A scheme of another kind.</summary>
    private sealed class Visitor(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(AuthenticateResult.NoResult());

        protected override Task HandleChallengeAsync(AuthenticationProperties properties)
        {
            Response.StatusCode = StatusCodes.Status401Unauthorized;
            Response.Headers.Append("WWW-Authenticate", Visiting);
            return Task.CompletedTask;
        }
    }

    /// <summary>Somebody in front of all, who has a challenge of his own.</summary>
    private sealed class Visitors : Microsoft.AspNetCore.Hosting.IStartupFilter
    {
        public Action<Microsoft.AspNetCore.Builder.IApplicationBuilder> Configure(
            Action<Microsoft.AspNetCore.Builder.IApplicationBuilder> next) => app =>
        {
            Microsoft.AspNetCore.Builder.UseExtensions.Use(app, (context, following) =>
            {
                context.Response.Headers.WWWAuthenticate = Visiting;
                return following(context);
            });
            next(app);
        };
    }
}
