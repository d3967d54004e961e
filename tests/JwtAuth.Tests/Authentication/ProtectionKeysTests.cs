using System.Xml.Linq;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.RefreshTokens;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace JwtAuth.Tests.Authentication;

public sealed class ProtectionKeysTests
{
    [Fact]
    public async Task Of_two_processes_that_make_a_key_at_once_the_second_takes_the_first_ones()
    {
        await using var host = new ServerHost();
        ProtectionKeys one = Process(host), other = Process(host);
        await host.AskStoreAsync((Db db) => db.ProtectionKeys.ExecuteDeleteAsync());
        (one.GetAllElements().Count, other.GetAllElements().Count).Should().Be((0, 0));

        one.StoreElement(new XElement("first"), "key-1");
        other.StoreElement(new XElement("second"), "key-2");

        Names(one).Should().Equal("first");
        Names(other).Should().Equal("first");
        other.StoreElement(new XElement("third"), "key-3");
        Names(one).Should().Equal("first", "third");
    }

    [Fact]
    public async Task A_key_that_was_changed_or_put_in_anothers_place_is_left_out_and_told_once_and_the_others_go_on()
    {
        await using var host = new ServerHost();
        ProtectionKeys keys = Process(host);
        await host.AskStoreAsync((Db db) => db.ProtectionKeys.ExecuteDeleteAsync());
        keys.GetAllElements();
        keys.StoreElement(new XElement("first"), "key-1");
        Names(keys).Should().Equal("first");
        keys.StoreElement(new XElement("second"), "another");
        Names(keys).Should().Equal("first", "second");

        await host.AskStoreAsync((Db db) => db.ProtectionKeys.Where(row => row.Name == "key-1")
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.Name, "key-2")));

        Names(keys).Should().Equal("second");
        Names(keys).Should().Equal("second");
        host.Lines("SECURITY: the key of Data Protection key-2 in the database is not used").Should().Be(1);
        keys.StoreElement(new XElement("third"), "key-3");
        Names(keys).Should().Equal(["second", "third"], "what does not open keeps nobody from making another");
    }

    private static ProtectionKeys Process(ServerHost host) =>
        new(host.Get<PreparedReads>(), host.Get<IServiceScopeFactory>(), host.Get<MasterKey>(), host.Get<RowSeals>());

    private static IEnumerable<string> Names(ProtectionKeys keys) =>
        keys.GetAllElements().Select(element => element.Name.LocalName).Order(StringComparer.Ordinal);
}
