using System.Diagnostics.Metrics;

namespace JwtAuth.Bearer.AccessTokens;

/// <summary>
/// Checks each request's token for a scheme. A token that is seen for the first time goes through <see cref="TokenValidator"/>. After that,
/// only what may have changed is checked. Each scheme has its own, so a token that is good in one scheme is not good in another because of
/// it.
/// </summary>
/// <param name="validator">The full check.</param>
/// <param name="cacheSize">How many good tokens are remembered.</param>
/// <param name="refusals">Counts what is refused, by reason.</param>
internal sealed class RememberingValidator(TokenValidator validator, int cacheSize, Counter<long>? refusals = null)
{
    private readonly TokenCache cache = new(cacheSize);

    public TokenValidator Validator => validator;

    /// <summary>How many tokens are remembered.</summary>
    public int Remembered => cache.Count;

    /// <summary>
    /// Checks a token that may have been seen before. The lookup uses the token's whole text, so it can only find what that very text says.
    /// </summary>
    /// <returns>The token, or the rejection. Neither, if it needs the full check.</returns>
    public (ValidatedToken? Token, TokenRejection? Rejection) CheckSeen(ReadOnlySpan<char> token)
    {
        if (!cache.TryGet(token, out ValidatedToken? seen) || !validator.StillHasKey(seen))
            return default;
        TokenRejection? rejection = validator.CheckAgain(seen);
        return rejection is null ? (seen, null)
            : rejection == TokenRejection.DenialsUnknown ? default // the source is asked first
            : (null, Count(rejection));
    }

    /// <summary>Checks a token in full and remembers it if it is good.</summary>
    public async ValueTask<(ValidatedToken? Token, TokenRejection? Rejection)> CheckAsync(string token)
    {
        (AccessToken? accepted, TokenRejection? rejection) = await validator.ValidateAsync(token);
        if (accepted is null)
            return (null, Count(rejection));
        var good = new ValidatedToken(accepted);
        cache.Add(token, good);
        return (good, null);
    }

    // The reasons are a closed list.
    private TokenRejection? Count(TokenRejection? rejection)
    {
        if (rejection is not null)
            refusals?.Add(1, new KeyValuePair<string, object?>("reason", rejection.Reason));
        return rejection;
    }
}
