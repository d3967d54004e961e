using JwtAuth.Bearer.Denials;
using JwtAuth.Server.Storage;
using JwtAuth.Server.Storage.Sqlite;
using JwtAuth.Tests.Hosting;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Tests.Denials;

/// <summary>The log of denials as another process writes it: with a context and a lane of its own.</summary>
internal sealed class DenialLog(string directory)
{
    public async Task WriteAsync(params Denial[] denials)
    {
        var options = new DbContextOptionsBuilder<SqliteDb>();
        SqliteDb.Configure(options, Patience.ConnectionString(directory));
        await using var db = new SqliteDb(options.Options, new WriteLane(Patience.Limit, TimeProvider.System));
        db.Denials.AddRange(denials.Select(DenialRow.Of));
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
    }
}
