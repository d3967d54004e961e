using System.Diagnostics.Metrics;

namespace JwtAuth.Server.Observability;

/// <summary>
/// What is counted and measured under the meter <c>JwtAuth</c>. Every tag is one of a few words of ours, so that nobody can add to their
/// number. Where nobody listens, nothing is measured. <c>docs/operations.md</c> has them all.
/// </summary>
internal sealed class Meters
{
    public const string Name = "JwtAuth";

    private readonly TimeProvider time;
    private readonly Counter<long> issued, refreshes, passwords, basic, presented;
    private readonly Histogram<double> hashes;
    private readonly Histogram<int> commits;

    public Meters(IMeterFactory factory, TimeProvider time)
    {
        this.time = time;
        Meter = factory.Create(Name);
        issued = Meter.CreateCounter<long>(
            "jwtauth.tokens.issued", "{token}", "Access tokens that were issued, by grant: password, refresh_token, personal_access_token");
        refreshes = Meter.CreateCounter<long>(
            "jwtauth.refreshes", "{refresh}", "Refresh tokens that were presented, by outcome: rotated, repeated, reused, ahead, refused");
        passwords = Meter.CreateCounter<long>(
            "jwtauth.passwords", "{check}",
            "Names and passwords at a login or a change of password, by outcome: verified, refused, too_many_attempts, busy");
        basic = Meter.CreateCounter<long>(
            "jwtauth.basic", "{request}",
            "Requests by HTTP Basic, by outcome: verified (cost a bcrypt), remembered, refused, too_many_attempts, busy");
        presented = Meter.CreateCounter<long>(
            "jwtauth.presented_tokens", "{token}",
            "Tokens that clients asked about or revoked, by outcome: good, ended (issued here, not good any more), unknown, too_many");
        hashes = Meter.CreateHistogram(
            "jwtauth.hash.duration", "s", "How long bcrypt took for a request, without the wait for it",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2, 2, 5] });
        commits = Meter.CreateHistogram(
            "jwtauth.commit.writes", "{write}", "How many writes shared a commit",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64] });
    }

    /// <summary>For what is looked at only when somebody asks.</summary>
    public Meter Meter { get; }

    public void CountIssued(string grant) => issued.Add(1, new KeyValuePair<string, object?>("grant", grant));

    public void CountRefresh(string outcome) => refreshes.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void CountPassword(string outcome) => passwords.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void CountBasic(string outcome) => basic.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void CountPresented(string outcome) => presented.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void CountCommit(int writes) => commits.Record(writes);

    /// <summary>A hash begins.</summary>
    /// <returns>When; <see langword="null"/> where nobody listens.</returns>
    public long? BeginHash() => hashes.Enabled ? time.GetTimestamp() : null;

    /// <param name="begunAt">What <see cref="BeginHash"/> has returned.</param>
    public void EndHash(long? begunAt)
    {
        if (begunAt is { } begun)
            hashes.Record(time.GetElapsedTime(begun).TotalSeconds);
    }
}
