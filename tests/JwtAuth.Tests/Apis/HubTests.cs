using System.Net.Http.Headers;
using System.Net.WebSockets;
using JwtAuth.Bearer;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace JwtAuth.Tests.Apis;

/// <summary>A SignalR hub of an API, called by SignalR's own client over WebSockets.</summary>
public sealed class HubTests : IAsyncDisposable
{
    private readonly SigningKey key = SigningKey.Generate(SignatureAlgorithm.ES256),
        foreign = SigningKey.Generate(SignatureAlgorithm.ES256);

    // Of the issuers. SignalR looks at the machine's clock, so the API does.
    private readonly ManualTime time = new(DateTimeOffset.UtcNow);
    private readonly List<HubConnection> connections = [];
    private Issuer issuer = null!, other = null!;
    private WebApplication? api;

    [Fact]
    public async Task A_connection_ends_when_its_token_does_and_others_go_on()
    {
        await StartAsync(services => services.AddSignalR());
        DateTimeOffset now = time.GetUtcNow();
        time.SetClock(now - TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(3));
        string brief = issuer.Token(key);
        time.SetClock(now);

        var ended = new TaskCompletionSource();
        HubConnection ends = await ConnectAsync("/hub", brief, () => ended.SetResult()),
            stays = await ConnectAsync("/hub", issuer.Token(key)),
            careless = await ConnectAsync("/hub/careless", brief);
        (await ends.InvokeAsync<string?>("WhoAmI", TestContext.Current.CancellationToken)).Should().Be("YWxpY2U");
        await ended.Task.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);

        (ends.State, stays.State).Should().Be((HubConnectionState.Disconnected, HubConnectionState.Connected));
        careless.State.Should().Be(HubConnectionState.Connected, "that hub does not ask for it");
        (await stays.InvokeAsync<string?>("WhoAmI", TestContext.Current.CancellationToken)).Should().Be("YWxpY2U");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_message_to_a_user_reaches_the_connections_of_that_sub_whichever_was_added_first(bool isHubFirst)
    {
        await StartAsync(isHubFirst ? services => services.AddSignalR() : null, isHubFirst ? null : services => services.AddSignalR());
        HubConnection alice = await ConnectAsync("/hub", issuer.Token(key)), bob = await ConnectAsync(
            "/hub", issuer.Token(key, subject: "Ym9i")), namesake = await ConnectAsync("/hub", other.Token(foreign));
        List<string> heard = [];
        var last = new TaskCompletionSource();
        foreach ((string name, HubConnection connection) in new[] { ("alice", alice), ("bob", bob), ("namesake", namesake) })
        {
            connection.On<string>("Hear", text =>
            {
                lock (heard)
                    heard.Add($"{name} {text}");
                if (text == "all")
                    last.TrySetResult();
            });
        }

        await bob.InvokeAsync("Tell", "YWxpY2U", "to alice", TestContext.Current.CancellationToken);
        await bob.InvokeAsync("Tell", "Ym9i", "all", TestContext.Current.CancellationToken);
        await last.Task.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);
        await Patience.UntilAsync(() => Task.FromResult(heard.Count == 2));

        heard.Should().BeEquivalentTo("alice to alice", "bob all");
        (await namesake.InvokeAsync<string?>("WhoAmI", TestContext.Current.CancellationToken))
            .Should().BeNull("the same sub of another issuer is somebody else");
    }

    [Fact]
    public async Task An_API_that_names_its_users_itself_goes_on_doing_so_and_a_browsers_token_may_come_in_the_query()
    {
        var events = new JwtBearerEvents
        {
            OnMessageReceived = context =>
            {
                if (context.HttpContext.Request.Path.StartsWithSegments("/hub"))
                    context.Token = context.Request.Query["access_token"];
                return Task.CompletedTask;
            },
        };
        await StartAsync(then: services => services.AddSignalR().Services.AddSingleton<IUserIdProvider, ByName>(), events: events);

        HubConnection inHeader = await ConnectAsync("/hub", issuer.Token(key)),
            inQuery = await ConnectAsync($"/hub?access_token={issuer.Token(key)}", token: "");
        foreach (HubConnection connection in new[] { inHeader, inQuery })
            (await connection.InvokeAsync<string?>("WhoAmI", TestContext.Current.CancellationToken)).Should().Be("alice");
        await FluentActions.Awaiting(() => ConnectAsync("/hub", token: "")).Should().ThrowAsync<WebSocketException>()
            .WithMessage("*'401'*", "it has no token");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (HubConnection connection in connections)
            await connection.DisposeAsync();
        if (api is not null)
        {
            await api.StopAsync(new CancellationToken(canceled: true));
            await api.DisposeAsync();
        }
        await (issuer?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (other?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private async Task StartAsync(
        Action<IServiceCollection>? first = null, Action<IServiceCollection>? then = null, JwtBearerEvents? events = null)
    {
        (issuer, other) = (await Issuer.StartAsync(time, key), await Issuer.StartAsync(time, foreign));
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        first?.Invoke(builder.Services);
        builder.Services.AddAuthentication("Bearer")
            .AddJwtAuthBearer(options => Trust(options, issuer)).AddJwtAuthBearer("Other", options => Trust(options, other));
        if (events is not null)
            builder.Services.Configure<JwtBearerOptions>("Bearer", options => options.Events = events);
        then?.Invoke(builder.Services);
        api = builder.Build();
        api.MapHub<Hall>("/hub", options => options.CloseOnAuthenticationExpiration = true);
        api.MapHub<Hall>("/hub/careless");
        await api.StartAsync(TestContext.Current.CancellationToken);

        static void Trust(JwtAuthBearerOptions options, Issuer issuer)
        {
            (options.Authority, options.Denials) = (issuer.Url, DenialsFrom.None);
            options.Audiences.Add("orders");
        }
    }

    private async Task<HubConnection> ConnectAsync(string path, string token, Action? closed = null)
    {
        HubConnection connection = new HubConnectionBuilder().WithUrl(new Uri(new Uri(api!.Urls.Single()), path), options =>
        {
            options.Transports = HttpTransportType.WebSockets;
            options.SkipNegotiation = true;
            if (token.Length > 0)
                options.Headers["Authorization"] = new AuthenticationHeaderValue("Bearer", token).ToString();
        }).Build();
        connections.Add(connection);
        connection.Closed += _ =>
        {
            closed?.Invoke();
            return Task.CompletedTask;
        };
        await connection.StartAsync(TestContext.Current.CancellationToken);
        return connection;
    }

    [Authorize(AuthenticationSchemes = "Bearer,Other")]
    private sealed class Hall : Hub
    {
        public string? WhoAmI() => Context.UserIdentifier;

        public Task Tell(string user, string text) => Clients.User(user).SendAsync("Hear", text);
    }

    private sealed class ByName : IUserIdProvider
    {
        public string? GetUserId(HubConnectionContext connection) => connection.User.Identity?.Name;
    }
}
