using Microsoft.Extensions.ObjectPool;

namespace JwtAuth.Bearer.Keys;

/// <summary>
/// Lends the platform's key objects, which are dear to make and not promised to serve two threads at once. What is lent holds a key and nothing
/// of the token that it worked on, so nothing of one request can reach another.
/// </summary>
internal sealed class KeyPool<T>(Func<T> create) where T : class, IDisposable
{
    private readonly DefaultObjectPool<T> pool = new(new Policy(create), Environment.ProcessorCount * 2);

    public Loan Lend() => new(pool, pool.Get());

    /// <summary>One key object for one caller, until it is disposed of.</summary>
    public readonly ref struct Loan(DefaultObjectPool<T> pool, T key)
    {
        public T Key => key;

        public void Dispose() => pool.Return(key);
    }

    private sealed class Policy(Func<T> create) : PooledObjectPolicy<T>
    {
        public override T Create() => create();

        public override bool Return(T obj) => true;
    }
}
