using System.Diagnostics;

namespace JwtAuth.Server.Observability;

/// <summary>
/// The spans of this service, under the source <c>JwtAuth</c>: where a request waits or computes. Where nobody listens there are none. A
/// tag is a number or a word of ours. Nothing that was sent, and nobody's name, is ever in one.
/// </summary>
internal static class Traces
{
    public static readonly string Name = "JwtAuth";

    private static readonly ActivitySource Source = new(Name);

    /// <summary>The wait for a place at bcrypt.</summary>
    public static Activity? HashWait() => Source.StartActivity("hash wait");

    /// <summary>bcrypt itself.</summary>
    public static Activity? Hash() => Source.StartActivity("hash");

    /// <summary>The wait for a turn to write; where the write was carried out by another, also for its commit.</summary>
    public static Activity? WriteWait() => Source.StartActivity("write wait");

    /// <summary>A transaction that carries out the writes of several requests.</summary>
    /// <param name="writes">How many.</param>
    /// <param name="others">The spans in which the others wait for it.</param>
    public static Activity? Commit(int writes, IEnumerable<ActivityContext> others) => Source.HasListeners()
        ? Source.StartActivity(
            "commit", ActivityKind.Internal, default(ActivityContext), [new("jwtauth.commit.writes", writes)],
            others.Where(other => other != default).Select(other => new ActivityLink(other)))
        : null;

    /// <summary>An API waits for news of the feed of denials.</summary>
    public static Activity? FeedWait() => Source.StartActivity("feed wait");

    /// <summary>Where somebody waits just now; nothing where nobody listens.</summary>
    public static ActivityContext Here => Activity.Current?.Context ?? default;
}
