using System.Security.Cryptography;
using JwtAuth.Server.Sealing;
using Microsoft.Extensions.Logging.Abstractions;

namespace JwtAuth.Tests.Sealing;

/// <summary>A seal is for one row as it stands: of its kind, and with each column where it is.</summary>
public sealed class RowSealsTests
{
    private readonly RowSeals seals = new(new MasterKey(RandomNumberGenerator.GetBytes(32)), NullLogger<RowSeals>.Instance);

    [Fact]
    public void A_seal_of_one_kind_of_row_is_none_of_another_with_the_same_columns()
    {
        Row session = new("session", "a", "b"), token = new("personal access token", "a", "b");
        seals.Seal(session);

        token.Seal = session.Seal;

        seals.Fits(session).Should().BeTrue();
        seals.Fits(token).Should().BeFalse();
        seals.Seal(token);
        seals.Fits(token).Should().BeTrue();
    }

    public static TheoryData<object?[], object?[]> Alike => new()
    {
        { ["orders:read", "billing"], ["orders:readbilling", ""] },
        { ["orders:read", "billing"], ["orders:re", "adbilling"] },
        { [null, "x"], ["x", null] },
        { [null, "x"], ["", "x"] },
        { ["x", null], ["x"] },
        { [new byte[] { 1 }, true], [true, new byte[] { 1 }, null] },
        { [DateTimeOffset.UnixEpoch, "12345678"], ["12345678", DateTimeOffset.UnixEpoch] },
    };

    [Theory]
    [MemberData(nameof(Alike))]
    public void Nothing_can_move_from_one_column_into_the_next(object?[] columns, object?[] others)
    {
        Row row = new("session", columns), other = new("session", others), same = new("session", [.. columns]);
        seals.Seal(row);

        (other.Seal, same.Seal) = (row.Seal, row.Seal);

        seals.Fits(other).Should().BeFalse();
        seals.Fits(same).Should().BeTrue();
    }

    private sealed class Row(string kind, params object?[] columns) : ISealedRow
    {
        public byte[]? Seal { get; set; }

        public string Kind => kind;

        public string Name => "a row";

        public IEnumerable<object?> SealedColumns => columns;
    }
}
