using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Server.RefreshTokens;

namespace JwtAuth.Server.Authentication;

/// <summary>What kind of token a presented text is.</summary>
internal abstract record PresentedToken
{
    private PresentedToken()
    {
    }

    /// <summary>An access token that has passed every check.</summary>
    public sealed record Access(AccessToken Token) : PresentedToken;

    /// <summary>A refresh token that we wrote. Its session may have ended.</summary>
    public sealed record Refresh(RefreshToken Token) : PresentedToken;

    /// <summary>A text that claims to be a personal access token. It may be misspelt, or no longer good.</summary>
    public sealed record Personal(PersonalAccessToken Token) : PresentedToken;

    /// <summary>Nothing that is good here. If the rejection is temporary, it cannot be told at the moment.</summary>
    public sealed record Refused(TokenRejection Rejection) : PresentedToken;

    /// <summary>The kind that a text claims to be, judged by its beginning alone.</summary>
    public static string KindOf(ReadOnlySpan<char> text) =>
        PersonalAccessToken.IsMeantBy(text) ? Credentials.PersonalAccessToken
        : RefreshTokenCodec.IsMeantBy(text) ? Credentials.RefreshToken
        : Credentials.BearerOnTheWire;
}

/// <summary>The only reader of presented tokens. It tells the kinds apart, and checks what can be checked without the store.</summary>
internal sealed class PresentedTokens(RefreshTokenCodec codec, TokenValidator validator)
{
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
}
