using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Clients;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Observability;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Server.RefreshTokens;

namespace JwtAuth.Server.Authentication;

/// <summary>What kind of token a presented text is.</summary>
internal abstract record PresentedToken
{
    private PresentedToken()
    {
    }

    /// <summary>
    /// Whether the text was certainly issued here, good or not. Nobody can tell that of a personal access token that is not in the store.
    /// </summary>
    public virtual bool IsOurs => true;

    /// <summary>An access token that has passed every check.</summary>
    public sealed record Access(AccessToken Token) : PresentedToken;

    /// <summary>A refresh token that we wrote. Its session may have ended.</summary>
    public sealed record Refresh(RefreshToken Token) : PresentedToken;

    /// <summary>A text that claims to be a personal access token. It may be misspelt, or no longer good.</summary>
    public sealed record Personal(PersonalAccessToken Token) : PresentedToken
    {
        /// <inheritdoc/>
        public override bool IsOurs => false;
    }

    /// <summary>Nothing that is good here. If the rejection is temporary, it cannot be told at the moment.</summary>
    public sealed record Refused(TokenRejection Rejection) : PresentedToken
    {
        /// <inheritdoc/>
        public override bool IsOurs =>
            Rejection == TokenRejection.Expired || Rejection == TokenRejection.NotYetValid || Rejection == TokenRejection.Denied;
    }

    /// <summary>The kind that a text claims to be, judged by its beginning alone.</summary>
    public static string KindOf(ReadOnlySpan<char> text) =>
        PersonalAccessToken.IsMeantBy(text) ? Credentials.PersonalAccessToken
        : RefreshTokenCodec.IsMeantBy(text) ? Credentials.RefreshToken
        : Credentials.BearerOnTheWire;
}

/// <summary>
/// The only reader of presented tokens. It tells the kinds apart, and checks what can be checked without the store. It also counts what
/// clients present, and slows down a client that presents too many tokens that were never issued here: 500 are free, and one is forgotten
/// each second. A good token is answered all the same, so nobody who sends nonsense to an API keeps it from asking about others.
/// </summary>
internal sealed class PresentedTokens(
    RefreshTokenCodec codec, TokenValidator validator, Meters meters, TimeProvider time, ILogger<PresentedTokens> log)
{
    private readonly Lock guard = new();
    private readonly AttemptBuckets unknown =
        new(time, free: 500, forgetOneEvery: TimeSpan.FromSeconds(1), longestDelay: TimeSpan.FromMinutes(1), capacity: 10_000);

    public async Task<PresentedToken> ReadAsync(string text)
    {
        switch (PresentedToken.KindOf(text))
        {
            case Credentials.PersonalAccessToken:
                return new PresentedToken.Personal(new PersonalAccessToken(text));
            case Credentials.RefreshToken:
                return codec.TryRead(text, out RefreshToken refresh)
                    ? new PresentedToken.Refresh(refresh)
                    : new PresentedToken.Refused(TokenRejection.NotCompact);
            default:
                (AccessToken? token, TokenRejection? rejection) = await validator.ValidateAsync(text);
                return token is not null ? new PresentedToken.Access(token) : new PresentedToken.Refused(rejection!);
        }
    }

    /// <summary>A client was told about a good token, or has ended one.</summary>
    public void CountGood() => meters.CountPresented("good");

    /// <summary>A client has presented a token that is not good, or not for it.</summary>
    /// <returns>How long the client has to wait before it is told; <see langword="null"/> if it is told now.</returns>
    public TimeSpan? CountUseless(PresentedToken token, Client client)
    {
        if (token.IsOurs)
        {
            meters.CountPresented("ended");
            return null;
        }

        lock (guard)
        {
            if (unknown.WaitOf(client.Id) is var wait && wait > TimeSpan.Zero)
            {
                meters.CountPresented("too_many");
                log.TooManyUnknownTokens(client.Id);
                return wait;
            }
            unknown.Add(client.Id);
        }
        meters.CountPresented("unknown");
        return null;
    }
}
