using JwtAuth.Bearer;
using JwtAuth.Bearer.Clocks;
using JwtAuth.Bearer.Denials;
using JwtAuth.Tests.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace JwtAuth.Tests.Apis;

/// <summary>What an API is configured with, and what stops it.</summary>
public sealed class ConfigurationTests
{
    private static readonly Dictionary<string, string?> Good = new()
    {
        ["JwtAuth:Authority"] = "https://auth.example.com",
        ["JwtAuth:Audience"] = "orders",
        ["JwtAuth:Denials"] = "Feed",
        ["JwtAuth:ClientId"] = "shop",
        ["JwtAuth:ClientSecret"] = "a secret",
    };

    [Theory]
    [InlineData("JwtAuth:Authority", null, "JwtAuth:Authority is missing")]
    [InlineData("JwtAuth:Authority", "auth.example.com", "JwtAuth:Authority is no URL")]
    [InlineData("JwtAuth:Authority", "https://auth.example.com/", "JwtAuth:Authority ends with a slash")]
    [InlineData("JwtAuth:Authority", "http://auth.example.com", "JwtAuth:Authority is plain http")]
    [InlineData("JwtAuth:Audience", null, "JwtAuth:Audience is missing")]
    [InlineData("JwtAuth:Audience:0", "billing", "JwtAuth:Audience is one name in one place and a list in another")]
    [InlineData("JwtAuth:Denials", null, "JwtAuth:Denials must be said")]
    [InlineData("JwtAuth:Denials", "true", "JwtAuth:Denials must be said")]
    [InlineData("JwtAuth:Denials", "0", "JwtAuth:Denials must be said")]
    [InlineData("JwtAuth:Denials", "1", "JwtAuth:Denials must be said")]
    [InlineData("JwtAuth:Denials", "Feed,None", "JwtAuth:Denials must be said")]
    [InlineData("JwtAuth:ClientId", null, "JwtAuth:ClientId and JwtAuth:ClientSecret are needed")]
    [InlineData("JwtAuth:ClientSecret", "", "JwtAuth:ClientId and JwtAuth:ClientSecret are needed")]
    [InlineData("JwtAuth:SharedSecrets:0", "c2hvcnQ=", "JwtAuth:SharedSecrets holds one")]
    public void What_is_missing_or_means_two_things_stops_the_start_with_its_key(string key, string? value, string fault)
    {
        FluentActions.Invoking(() => Read(new(Good) { [key] = value }))
            .Should().Throw<OptionsValidationException>().WithMessage($"{fault}*");
        Read(Good).Denials.Should().Be(DenialsFrom.Feed);
    }

    [Theory]
    [InlineData("feed", DenialsFrom.Feed)]
    [InlineData("None", DenialsFrom.None)]
    public void Where_denials_come_from_is_said_by_its_name(string text, DenialsFrom expected) =>
        Read(new(Good) { ["JwtAuth:Denials"] = text }).Denials.Should().Be(expected);

    [Theory]
    [InlineData("http://auth.example.com", false)]
    [InlineData("http://10.0.0.1:5080", false)]
    [InlineData("http://localhost.example.com", false)]
    [InlineData("https://auth.example.com", true)]
    [InlineData("http://127.0.0.1:5080", true)]
    [InlineData("http://[::1]:5080", true)]
    [InlineData("http://localhost:5080", true)]
    public void Plain_http_is_for_loopback_alone(string authority, bool isGood)
    {
        Func<JwtAuthBearerOptions> read = () => Read(new(Good) { ["JwtAuth:Authority"] = authority });
        if (isGood)
            read.Should().NotThrow();
        else
            read.Should().Throw<OptionsValidationException>().WithMessage("*plain http*use https*");
    }

    [Fact]
    public void A_silence_is_too_long_only_after_its_time_also_where_nothing_was_heard_yet()
    {
        var time = new ManualTime();
        var denylist = new Denylist(time, TimeSpan.FromSeconds(30));

        time.Advance(TimeSpan.FromSeconds(30));
        (denylist.IsComplete, denylist.IsOverdue).Should().Be((false, false));
        time.Advance(TimeSpan.FromMilliseconds(1));
        (denylist.IsComplete, denylist.IsOverdue).Should().Be((false, true));

        denylist.CompleteAsOf(ClockReading.Of(time));
        (denylist.IsComplete, denylist.IsOverdue).Should().Be((true, false));
        time.Advance(TimeSpan.FromSeconds(31));
        (denylist.IsComplete, denylist.IsOverdue).Should().Be((false, true));
    }

    private static JwtAuthBearerOptions Read(Dictionary<string, string?> values)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(
            new ConfigurationBuilder().AddInMemoryCollection(values.Where(pair => pair.Value is not null)).Build());
        services.AddAuthentication().AddJwtAuthBearer();
        using ServiceProvider provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptionsMonitor<JwtAuthBearerOptions>>().Get("Bearer");
    }
}
