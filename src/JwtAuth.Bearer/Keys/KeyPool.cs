using Microsoft.Extensions.ObjectPool;

namespace JwtAuth.Bearer.Keys;

/// <summary>
/// Lends out the platform's key objects. They are expensive to make, and nobody promises that two threads may use one at once. An object in
/// the pool holds a key and nothing of a token: it comes back only after it has given its result, never after an exception interrupted the
/// work on a token.
/// </summary>
internal sealed class KeyPool<T>(Func<T> create) where T : class, IDisposable
{
    private readonly DefaultObjectPool<T> pool = new(new Policy(create), Environment.ProcessorCount * 2);

    /// <summary>A key object for this caller alone, until it is given back.</summary>
    public T Take() => pool.Get();

    /// <summary>Takes back a key object whose work is done. Do not call it from a <see langword="finally"/>.</summary>
    public void GiveBack(T key) => pool.Return(key);

    private sealed class Policy(Func<T> create) : PooledObjectPolicy<T>
    {
        public override T Create() => create();

        public override bool Return(T obj) => true;
    }
}
