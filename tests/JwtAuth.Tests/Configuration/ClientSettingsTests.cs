using JwtAuth.Server.Clients;
using JwtAuth.Server.Composition;
using JwtAuth.Server.Configuration;
using JwtAuth.Server.Sessions;

namespace JwtAuth.Tests.Configuration;

public sealed class ClientSettingsTests
{
    private const string Sha256 = "sha256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg",
        Bcrypt = "$2b$04$abcdefghijklmnopqrstuuKU0wDMYoE1cwA0494nHTcAXr3yX0bnW";

    private static Dictionary<string, string?> Sound() => new()
    {
        ["JwtAuth:Issuer"] = "https://auth.example.com",
        ["JwtAuth:Audiences:0"] = "orders",
        ["JwtAuth:Audiences:1"] = "billing",
        ["JwtAuth:MasterKey"] = "b8fK2mQz7RrT0vYx4nLs9wPjHd5GcAeUoI6XkZtV3yE=",
        ["JwtAuth:Clients:api:Secrets"] = Sha256,
        ["JwtAuth:Clients:api:Audiences"] = "orders",
        ["JwtAuth:Clients:api:May"] = "introspect",
    };

    /// <summary>
    /// Key below JwtAuth, a wrong value (null: left out), a right one beside it (null: left out), and the key
    /// that is named where it is another.
    /// </summary>
    public static TheoryData<string, string?, string?, string?> Wrong => new()
    {
        { "Clients:api:Secrets", null, Bcrypt, null },
        { "Clients:api:Secrets", "", Sha256, null },
        { "Clients:api:Secrets", "a secret as it is", Sha256, null },
        { "Clients:api:Secrets", "hunter2hunter2", Sha256, null },
        { "Clients:api:Secrets", "sha256:n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwC!!", Sha256, null },
        { "Clients:api:Secrets", $"{Sha256} sha256:hunter2", $"{Sha256} {Bcrypt}", null },
        { "Clients:api:Secrets", $"{Sha256} {Bcrypt} {Sha256}", $"{Sha256},{Bcrypt}", null },
        { "Clients:api:Secrets:0", "hunter2hunter2", Bcrypt, "Clients:api:Secrets" },
        { "Clients:api:Audiences", null, "billing", null },
        { "Clients:api:Audiences", "", "orders billing", null },
        { "Clients:api:Audiences", "stock", "orders", null },
        { "Clients:api:Audiences", "orders stock", "orders, billing", null },
        { "Clients:api:Audiences", "https://auth.example.com/", "https://auth.example.com", null },
        { "Clients:api:May", null, "introspect", null },
        { "Clients:api:May", "", "revoke", null },
        { "Clients:api:May", "introspekt", "INTROSPECT", null },
        { "Clients:api:May", "introspect everything", "introspect revoke denials", null },
        { "Clients:api:May", "7", "introspect", null },
        { "Clients:api:May", "none", "denials", null },
        { "Clients:api:Secret", "hunter2hunter2", null, null },
        { "Clients:api:Scopes", "orders:read", null, null },
        { "Clients", "api", "", null },
        { "Clients:api:Id", "two words", "another-name", "Clients" },
        { "Clients:api:Id", "jwtauth", "jwtauth2", "Clients" },
        { "Clients:api:Id", new string('a', 65), new string('a', 64), "Clients" },
        { "Clients:api:Id", "gr\u00fc\u00dfe", "gr.ue_ss-e", "Clients" },
        { "RefreshTokens:Lifetime", "0", "30.00:00:00", null },
        { "RefreshTokens:Lifetime", "-1.00:00:00", "1.00:00:00", null },
        { "RefreshTokens:Lifetime", "a month", "30", null },
        { "RefreshTokens:IdleLifetime", "31.00:00:00", "30.00:00:00", null },
        { "RefreshTokens:IdleLifetime", "00:00:30", "00:01:00", null },
        { "RefreshTokens:ReuseWindow", "00:01:01", "00:01:00", null },
        { "RefreshTokens:ReuseWindow", "-00:00:01", "0", null },
        { "RefreshTokens:ReuseWindow", "10", "00:00:10", null },
        { "Denylist:Enabled", "yes", "false", null },
        { "Denylist:Enabled", "1", "true", null },
        { "Denylist:Enable", "false", null, null },
        { "RefreshTokens:Reuse", "0", null, null },
    };

    [Theory, Trait("row", "OPS-13")]
    [MemberData(nameof(Wrong))]
    public void A_wrong_value_stops_the_start_with_its_key_and_a_remedy_on_one_line_and_the_right_value_does_not(
        string key, string? wrong, string? right, string? named)
    {
        FluentActions.Invoking(() => Configured.Read(With(key, right))).Should().NotThrow();

        string fault = FluentActions.Invoking(() => Configured.Read(With(key, wrong)))
            .Should().Throw<ConfigurationFaultException>().Which.Faults.Should().ContainSingle().Subject;
        fault.Should().StartWith($"JwtAuth:{named ?? key} ")
            .And.NotContain("\n").And.Contain("; ").And.EndWith(".").And.NotContain("hunter2").And.NotContain(Sha256);
    }

    [Fact]
    public void Clients_stand_below_their_ids_or_below_numbers_with_an_id_each()
    {
        Dictionary<string, string?> values = Sound();
        values["JwtAuth:Clients:api:Audiences"] = "orders billing";
        values["JwtAuth:Clients:0:Id"] = "worker.v-1_x";
        values["JwtAuth:Clients:0:Secrets:0"] = Sha256;
        values["JwtAuth:Clients:0:Secrets:1"] = Bcrypt;
        values["JwtAuth:Clients:0:Audiences:0"] = "billing";
        values["JwtAuth:Clients:0:May:0"] = "Revoke";
        values["JwtAuth:Clients:0:May:1"] = "denials";

        IReadOnlyDictionary<string, Client> clients = Configured.Read(values).Clients.ById;

        clients.Keys.Should().BeEquivalentTo("api", "worker.v-1_x");
        (clients["api"].Id, clients["api"].Rights, clients["api"].Secrets.Count).Should().Be(("api", ClientRights.Introspect, 1));
        clients["api"].Audiences.Should().Equal("orders", "billing");
        (clients["worker.v-1_x"].Rights, clients["worker.v-1_x"].Secrets.Count)
            .Should().Be((ClientRights.Revoke | ClientRights.Denials, 2));
        clients["worker.v-1_x"].Audiences.Should().Equal("billing");

        values["JwtAuth:Clients:0:Id"] = "api";
        FluentActions.Invoking(() => Configured.Read(values))
            .Should().Throw<ConfigurationFaultException>().WithMessage("JwtAuth:Clients names two clients alike; *");
    }

    [Fact]
    public void Without_a_word_sessions_last_a_month_the_denylist_is_kept_and_there_are_no_clients()
    {
        Dictionary<string, string?> values = Sound();
        foreach (string key in values.Keys.Where(key => key.Contains("Clients", StringComparison.Ordinal)).ToList())
            values.Remove(key);
        Settings settings = Configured.Read(values);
        settings.RefreshTokens.Should().Be(new RefreshTokenSettings(TimeSpan.FromDays(30), TimeSpan.FromDays(7), TimeSpan.FromSeconds(10)));
        settings.Denylist.Enabled.Should().BeTrue();
        settings.Clients.ById.Should().BeEmpty();
    }

    private static Dictionary<string, string?> With(string key, string? value)
    {
        Dictionary<string, string?> values = Sound();
        if (key == "Clients:api:Secrets:0")
            values.Remove("JwtAuth:Clients:api:Secrets");
        if (value is null)
            values.Remove($"JwtAuth:{key}");
        else
            values[$"JwtAuth:{key}"] = value;
        return values;
    }
}
