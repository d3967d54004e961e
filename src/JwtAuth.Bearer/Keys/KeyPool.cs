using Microsoft.Extensions.ObjectPool;

namespace JwtAuth.Bearer.Keys;

/// <summary>
/// Lends the platform's key objects, which are dear to make and not promised to serve two threads at once. What lies here holds a key and
/// nothing of a token: an object comes back only after it has given its result, never where an exception broke off the work on a token.
/// </summary>
internal sealed class KeyPool<T>(Func<T> create) where T : class, IDisposable
{
    private readonly DefaultObjectPool<T> pool = new(new Policy(create), Environment.ProcessorCount * 2);

    /// <summary>A key object for this caller alone, until it is given back.</summary>
    public T Take() => pool.Get();

    /// <summary>Takes a key object back whose work is done. Not to be called from a <see langword="finally"/>.</summary>
    public void GiveBack(T key) => pool.Return(key);

    private sealed class Policy(Func<T> create) : PooledObjectPolicy<T>
    {
        public override T Create() => create();

        public override bool Return(T obj) => true;
    }
}
