using System.Reflection;
using Xunit.v3;

namespace JwtAuth.Tests.Hosting;

/// <summary>What is about SQLite alone. It is left out where the tests run on PostgreSQL.</summary>
/// <param name="reason">Why it says nothing about PostgreSQL.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class SqliteOnlyAttribute(string reason) : BeforeAfterTestAttribute, ITraitAttribute
{
    public string Reason => reason;

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("engine", "SQLite")];

    public override void Before(MethodInfo methodUnderTest, IXunitTest test) => Assert.SkipWhen(TestedStore.IsPostgres, reason);
}
