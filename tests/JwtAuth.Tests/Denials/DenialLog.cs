using JwtAuth.Bearer.Denials;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Denials;

/// <summary>The log of denials as another process writes it: with a context and a lane of its own.</summary>
internal sealed class DenialLog(string directory)
{
    public async Task WriteAsync(params Denial[] denials)
    {
        await using Db db = TestedStore.OpenAsAnother(directory);
        db.Denials.AddRange(denials.Select(DenialRow.Of));
        await db.SaveChangesAsync(TestContext.Current.CancellationToken);
    }
}
