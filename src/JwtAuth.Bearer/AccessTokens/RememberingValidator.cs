using System.Security.Claims;

namespace JwtAuth.Bearer.AccessTokens;

/// <summary>
/// What a scheme asks about each request's token: <see cref="TokenValidator"/> where it is seen for the first time, and from then on only what may have changed
/// since. One for each scheme, so that no token is good here because it is good elsewhere.
/// </summary>
internal sealed class RememberingValidator(TokenValidator validator, int cacheSize)
{
    private readonly TokenCache cache = new(cacheSize);

    public TokenValidator Validator => validator;

    /// <summary>Tokens that are remembered.</summary>
    public int Remembered => cache.Count;

    /// <summary>Checks a token that may have been seen before. What is found is found by the token's whole text, and leads to nothing but what that very text says.</summary>
    /// <returns>The identity, made for this call alone, or the rejection; neither, where the token has to be looked at in full.</returns>
    public (ClaimsPrincipal? Principal, TokenRejection? Rejection) CheckSeen(ReadOnlySpan<char> token)
    {
        if (!cache.TryGet(token, out ValidatedToken? seen) || !validator.StillHasKey(seen))
            return default;
        TokenRejection? rejection = validator.CheckAgain(seen);
        return rejection is null ? (seen.NewPrincipal(), null)
            : rejection == TokenRejection.DenialsUnknown ? default // the source is asked first
            : (null, rejection);
    }

    /// <summary>Checks a token in full, and remembers it if it is good.</summary>
    public async ValueTask<(ClaimsPrincipal? Principal, TokenRejection? Rejection)> CheckAsync(string token)
    {
        (AccessToken? accepted, TokenRejection? rejection) = await validator.ValidateAsync(token);
        if (accepted is null)
            return (null, rejection);
        var good = new ValidatedToken(accepted);
        cache.Add(token, good);
        return (good.NewPrincipal(), null);
    }
}
