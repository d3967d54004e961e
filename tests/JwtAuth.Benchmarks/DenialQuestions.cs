using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using JwtAuth.Bearer.Denials;

namespace JwtAuth.Benchmarks;

/// <summary>
/// What it takes to ask a denylist, each question about another token and alone: a fence before and after it keeps the processor from
/// fetching for the next one meanwhile. Live tokens are drawn at random and never come again.
/// </summary>
internal static class DenialQuestions
{
    private const int Portion = 500, Portions = 200, WarmUp = 3;

    private static readonly Random Draw = new(RandomNumberGenerator.GetInt32(int.MaxValue));

    public static List<double> AboutLive(Denylist denylist, int rounds) => Times(denylist, [], default, rounds);

    public static List<double> AboutDenied(Denylist denylist, DenialKind kind, UInt128[] ids, int rounds) =>
        Times(denylist, ids, kind, rounds);

    /// <summary>What it takes to make the names of a token.</summary>
    public static List<double> Naming((string Subject, string JwtId, string SessionId)[] tokens, int rounds)
    {
        List<double> times = [];
        for (int round = 0; round < rounds + WarmUp; round++)
        {
            UInt128 bits = 0;
            List<double> portions = [];
            foreach ((string Subject, string JwtId, string SessionId)[] portion in tokens.Chunk(Portion))
            {
                long start = Stopwatch.GetTimestamp();
                foreach ((string subject, string jwtId, string sessionId) in portion)
                {
                    var names = new TokenIdentifiers(subject, jwtId, sessionId, generation: 0, "kid");
                    bits ^= names.Token ^ names.Session;
                }
                portions.Add(Stopwatch.GetElapsedTime(start).TotalNanoseconds / portion.Length);
            }
            GC.KeepAlive(bits);
            if (round >= WarmUp)
                times.Add(Median(portions));
        }
        return times;
    }

    // The median of small portions, in nanoseconds: what interrupts one portion is not in the figure. The loop's own time is taken off.
    private static List<double> Times(Denylist denylist, UInt128[] ids, DenialKind kind, int rounds)
    {
        List<double> times = [];
        for (int round = 0; round < rounds + WarmUp; round++)
        {
            List<double> asking = [], bare = [];
            int denied = 0;
            for (int portion = 0; portion < Portions; portion++)
            {
                int begin = portion * Portion % Math.Max(1, ids.Length);
                bare.Add(PortionTime(null, ids, begin, kind, ref denied));
                asking.Add(PortionTime(denylist, ids, begin, kind, ref denied));
            }
            if (denied != (ids.Length == 0 ? 0 : Portions * Portion))
                throw new InvalidOperationException($"{denied} denied");
            if (round >= WarmUp)
                times.Add(Median(asking) - Median(bare));
        }
        return times;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static double PortionTime(Denylist? denylist, UInt128[] ids, int begin, DenialKind kind, ref int denied)
    {
        var names = new TokenIdentifiers("sub", "jti", "sid", generation: 0, "kid");
        Span<UInt128> drawn = stackalloc UInt128[3];
        long start = Stopwatch.GetTimestamp();
        for (int index = begin; index < begin + Portion; index++)
        {
            Draw.NextBytes(MemoryMarshal.AsBytes(drawn));
            if (ids.Length > 0)
                drawn[(int)kind] = ids[index];
            names = names with { Token = drawn[0], Session = drawn[1], Subject = drawn[2] };
            Fence();
            denied += denylist?.Denies(names) == true ? 1 : 0;
            Fence();
        }
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / Portion;
    }

    // Nothing after it is begun before what stands in front of it is done.
    private static void Fence()
    {
        if (Sse2.IsSupported)
            Sse2.LoadFence();
        else
            Interlocked.MemoryBarrier();
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
