using System.Net;
using JwtAuth.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Attacks;

/// <summary>What a scope grants at an API that demands one, and what looks like it and grants nothing.</summary>
public sealed class ScopeTests(ScopeTests.Api api) : IClassFixture<ScopeTests.Api>
{
    [Theory]
    [InlineData("\"orders:write\"")]
    [InlineData("\"orders:read orders:write\"")]
    [InlineData("\"orders:write orders:read\"")]
    [InlineData("\"orders:read  orders:write \"")]
    [InlineData("\"orders:\\u0077rite\"")]
    [Trait("row", "CLM-19")]
    public async Task A_scope_that_is_one_of_the_words_opens_the_door(string scope) =>
        (await PlaceAsync(scope)).Should().Be((HttpStatusCode.OK, ""));

    [Theory]
    [InlineData(null)]
    [InlineData("\"\"")]
    [InlineData("\"orders:read\"")]
    [InlineData("\"orders:writer\"")]
    [InlineData("\"orders:writ\"")]
    [InlineData("\"Orders:Write\"")]
    [InlineData("\"ORDERS:WRITE\"")]
    [InlineData("\"orders:*\"")]
    [InlineData("\"*\"")]
    [InlineData("\"orders:read,orders:write\"")]
    [InlineData("\"orders:read\\torders:write\"")]
    [InlineData("\"orders:read\\norders:write\"")]
    [InlineData("\"orders:read\\u00a0orders:write\"")]
    [InlineData("\"orders:read\\u2003orders:write\"")]
    [InlineData("\"orders:write\\u0000\"")]
    [InlineData("\"\\u0000orders:write\"")]
    [InlineData("\"orders:write\\r\\n\"")]
    [InlineData("\"orders%3Awrite\"")]
    [InlineData("\"\\\"orders:write\\\"\"")]
    [InlineData("\"orders:writ\\u0435\"")]
    [InlineData("[\"orders:write\"]")]
    [InlineData("[\"orders:read\",\"orders:write\"]")]
    [InlineData("{\"orders:write\":true}")]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("1")]
    [Trait("row", "CLM-19")]
    [Trait("row", "HTP-09")]
    public async Task What_is_no_such_word_grants_nothing_and_the_answer_names_what_is_missing(string? scope)
    {
        (await PlaceAsync("\"orders:write\"")).Status.Should().Be(HttpStatusCode.OK);
        (await PlaceAsync(scope)).Should().Be((HttpStatusCode.Forbidden, "Bearer error=\"insufficient_scope\", scope=\"orders:write\""));
    }

    [Theory]
    [InlineData("scp", "\"orders:write\"")]
    [InlineData("scopes", "[\"orders:write\"]")]
    [InlineData("Scope", "\"orders:write\"")]
    [InlineData("http://schemas.microsoft.com/identity/claims/scope", "\"orders:write\"")]
    [InlineData("permissions", "[\"orders:write\"]")]
    [InlineData("roles", "[\"orders:write\"]")]
    [Trait("row", "CLM-19")]
    public async Task A_claim_of_another_name_grants_no_scope(string name, string json)
    {
        string token = new Forge(api.Host).WithClaim(name, json);

        (await PlaceTokenAsync(new Forge(api.Host).WithClaim("scope", "\"orders:write\""))).Status.Should().Be(HttpStatusCode.OK);
        (await PlaceTokenAsync(token)).Status.Should().Be(HttpStatusCode.Forbidden);
    }

    private Task<(HttpStatusCode Status, string Challenge)> PlaceAsync(string? scope) =>
        PlaceTokenAsync(new Forge(api.Host).WithClaim("scope", scope));

    private async Task<(HttpStatusCode Status, string Challenge)> PlaceTokenAsync(string token)
    {
        using HttpClient client = api.Host.Connect(token);
        using HttpResponseMessage reply = await client.PostAsync("/orders", null, TestContext.Current.CancellationToken);
        return (reply.StatusCode, reply.Headers.WwwAuthenticate.ToString());
    }

    public sealed class Api : IAsyncDisposable
    {
        internal ServerHost Host { get; } = new ServerHost().With("JwtAuth:SigningKeys:Algorithm", "ES256")
            .With(services => services.AddControllers().AddApplicationPart(typeof(OrdersController).Assembly));

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }
}
