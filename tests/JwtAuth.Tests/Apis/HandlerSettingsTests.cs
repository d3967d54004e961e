using System.Reflection;
using System.Reflection.Emit;
using JwtAuth.Bearer;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Tests.Hosting;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace JwtAuth.Tests.Apis;

/// <summary>Every setting of JwtBearer's handler is honoured, or stops the start where it is set. None is ignored.</summary>
public sealed class HandlerSettingsTests
{
    private static readonly Type[] Holders = [typeof(JwtBearerOptions), typeof(TokenValidationParameters)];

    private static readonly SymmetricSecurityKey Key = new(new byte[32]);

    public static TheoryData<string> RefusedNames => [.. HandlerSettings.Refused.Keys];

    [Fact]
    public void It_is_decided_for_every_property_there_is() =>
        Holders.SelectMany(holder => holder.GetProperties().Select(property => NameOf(holder, property.Name))).Distinct()
            .Should().HaveCountGreaterThan(80).And.BeEquivalentTo(HandlerSettings.Honoured.Concat(HandlerSettings.Refused.Keys));

    [Theory]
    [MemberData(nameof(RefusedNames))]
    public void What_would_be_ignored_is_a_fault_of_one_line_with_its_name_and_a_remedy(string name)
    {
        var options = new JwtBearerOptions { MapInboundClaims = false };
        HandlerSettings.FaultOf("Bearer", options, TimeProvider.System).Should().BeNull("nothing is set");

        object holder = name.Contains('.', StringComparison.Ordinal) ? options.TokenValidationParameters : options;
        Set(holder, holder.GetType().GetProperties().First(property => property.Name == name.Split('.')[^1]));

        HandlerSettings.FaultOf("Bearer", options, TimeProvider.System)
            .Should().StartWith($"{name} of the scheme Bearer is set, which has no effect: ").And.EndWith(".").And.NotContain("\n");
    }

    [Theory]
    [MemberData(nameof(Honoured))]
    public void What_is_honoured_is_no_fault(string name, Action<JwtBearerOptions> set)
    {
        var options = new JwtBearerOptions { MapInboundClaims = false };
        set(options);
        HandlerSettings.FaultOf("Bearer", options, TimeProvider.System).Should().BeNull(name);
    }

    public static TheoryData<string, Action<JwtBearerOptions>> Honoured => new()
    {
        { "Challenge", options => options.Challenge = "Bearer realm=\"orders\"" },
        { "Events", options => options.Events = new JwtBearerEvents() },
        { "IncludeErrorDetails", options => options.IncludeErrorDetails = false },
        { "SaveToken", options => options.SaveToken = false },
        { "ForwardDefault", options => options.ForwardDefault = "Other" },
        { "NameClaimType", options => options.TokenValidationParameters.NameClaimType = "sub" },
        { "other parameters that ask for nothing else", options => options.TokenValidationParameters = new() { RoleClaimType = "scope" } },
        { "an empty list", options => options.TokenValidationParameters.ValidAudiences = [] },
        { "the application's own clock", options => options.TimeProvider = TimeProvider.System },
    };

    [Theory]
    [InlineData("Bearer error=\n")]
    [InlineData("Träger")]
    [InlineData("")]
    public void A_challenge_that_cannot_be_sent_is_a_fault(string challenge)
    {
        var options = new JwtBearerOptions { MapInboundClaims = false, Challenge = challenge };
        HandlerSettings.FaultOf("Bearer", options, TimeProvider.System).Should().StartWith("Challenge of the scheme Bearer cannot be sent");
        options.Challenge = "Bearer realm=\"orders\"";
        HandlerSettings.FaultOf("Bearer", options, TimeProvider.System).Should().BeNull();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_setting_that_would_be_ignored_stops_the_start_before_and_after_ours(bool isAfter)
    {
        await using ApiHost good = With(options => options.IncludeErrorDetails = false), bad = With(options => options.Audience = "orders"),
            later = With(options => options.TokenValidationParameters.ValidateLifetime = false);

        good.StartFault().Should().BeEmpty();
        bad.StartFault().Should().Contain("Audience of the scheme Bearer is set, which has no effect: set JwtAuth:Audience.")
            .And.NotContain("   at ", "a stack helps nobody");
        later.StartFault().Should().Contain("TokenValidationParameters.ValidateLifetime of the scheme Bearer is set, which has no effect");

        ApiHost With(Action<JwtBearerOptions> configure) => new ApiHost("http://127.0.0.1:9").With(services =>
            _ = isAfter ? services.PostConfigure("Bearer", configure) : services.Configure("Bearer", configure));
    }

    [Fact]
    public async Task What_the_framework_reads_for_the_scheme_from_the_configuration_stops_the_start()
    {
        await using ApiHost bad = new ApiHost("http://127.0.0.1:9").With("Authentication:Schemes:Bearer:ValidAudiences:0", "orders"),
            good = new ApiHost("http://127.0.0.1:9").With("Authentication:Schemes:Other:ValidAudiences:0", "orders");

        bad.StartFault().Should().Contain("TokenValidationParameters.ValidAudiences of the scheme Bearer is set");
        good.StartFault().Should().BeEmpty();
    }

    [Fact]
    public async Task The_name_and_the_roles_are_those_of_the_claims_that_are_chosen()
    {
        var time = new ManualTime();
        SigningKey key = SigningKey.Generate(SignatureAlgorithm.ES256);
        await using Issuer issuer = await Issuer.StartAsync(time, key);
        await using ApiHost api = new ApiHost(issuer.Url) { Time = time }.WithEcho(), chosen = new ApiHost(issuer.Url) { Time = time }
            .WithEcho().With(services => services.Configure<JwtBearerOptions>("Bearer", options =>
            {
                options.TokenValidationParameters.NameClaimType = "sub";
                options.TokenValidationParameters.RoleClaimType = "scope";
            }));
        using HttpClient client = api.Connect(), other = chosen.Connect();
        string token = issuer.Token(key, members: "\"scope\":\"clerk\",\"roles\":[]");

        for (int time1 = 0; time1 < 2; time1++)
        {
            Reply usual = await client.AskWithAsync(token, "/echo"), own = await other.AskWithAsync(token, "/echo");
            (usual.Json.GetProperty("name").GetString(), usual.Json.GetProperty("isClerk").GetBoolean()).Should().Be(("alice", false));
            (own.Json.GetProperty("name").GetString(), own.Json.GetProperty("isClerk").GetBoolean()).Should().Be(("YWxpY2U", true));
        }
    }

    private static string NameOf(Type holder, string property) =>
        holder == typeof(JwtBearerOptions) ? property : $"{holder.Name}.{property}";

    // Something else than what is there by itself.
    private static void Set(object holder, PropertyInfo property)
    {
        if (property.GetValue(holder) is System.Collections.IList list)
            list.Add(property.Name == nameof(JwtBearerOptions.TokenHandlers) ? new JsonWebTokenHandler() : new Validators());
        else
            property.SetValue(holder, AnotherThan(property.GetValue(holder), property.PropertyType));
    }

    private static object AnotherThan(object? present, Type type) =>
        present is bool flag ? !flag
        : present is TimeSpan span ? span + TimeSpan.FromSeconds(1)
        : type == typeof(string) ? "another"
        : type == typeof(Type) ? typeof(JwtBearerEvents)
        : type == typeof(IEnumerable<string>) || type == typeof(IList<string>) ? new List<string> { "another" }
        : type == typeof(IEnumerable<SecurityKey>) ? new[] { Key }
        : type == typeof(SecurityKey) ? Key
        : type == typeof(TimeProvider) ? new ManualTime()
        : type.IsSubclassOf(typeof(Delegate)) ? NothingOf(type)
        : type == typeof(HttpMessageHandler) ? new SocketsHttpHandler()
        : type == typeof(HttpClient) ? new HttpClient()
        : type == typeof(ITokenReplayCache) ? new Replays()
        : type.IsAssignableFrom(typeof(Manager)) ? new Manager()
        : Activator.CreateInstance(type)!;

    private static Delegate NothingOf(Type type)
    {
        MethodInfo invoke = type.GetMethod("Invoke")!;
        var method = new DynamicMethod("", invoke.ReturnType, [.. invoke.GetParameters().Select(parameter => parameter.ParameterType)]);
        ILGenerator body = method.GetILGenerator();
        body.Emit(OpCodes.Ldnull);
        body.Emit(OpCodes.Throw);
        return method.CreateDelegate(type);
    }

    private sealed class Manager : BaseConfigurationManager, IConfigurationManager<OpenIdConnectConfiguration>
    {
        public Task<OpenIdConnectConfiguration> GetConfigurationAsync(CancellationToken cancel) => throw new NotSupportedException();

        public override void RequestRefresh() => throw new NotSupportedException();
    }

    private sealed class Replays : ITokenReplayCache
    {
        public bool TryAdd(string securityToken, DateTime expiresOn) => throw new NotSupportedException();

        public bool TryFind(string securityToken) => throw new NotSupportedException();
    }

    private sealed class Validators : System.IdentityModel.Tokens.Jwt.JwtSecurityTokenHandler;
}
