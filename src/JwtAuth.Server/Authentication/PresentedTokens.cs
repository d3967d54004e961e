using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Server.RefreshTokens;

namespace JwtAuth.Server.Authentication;

/// <summary>What a text is that somebody has presented as a token.</summary>
internal abstract record PresentedToken
{
    private PresentedToken()
    {
    }

    /// <summary>An access token whose every check has passed.</summary>
    public sealed record Access(AccessToken Token) : PresentedToken;

    /// <summary>A refresh token that we wrote. Its session may have ended.</summary>
    public sealed record Refresh(RefreshToken Token) : PresentedToken;

    /// <summary>A text that says of itself that it is a personal access token. It may be misspelt, or over.</summary>
    public sealed record Personal(PersonalAccessToken Token) : PresentedToken;

    /// <summary>Nothing that is good here; or, where the rejection is temporary, what cannot be told just now.</summary>
    public sealed record Refused(TokenRejection Rejection) : PresentedToken;

    /// <summary>What a text says of itself by how it begins, before anything of it is looked at.</summary>
    public static string KindOf(ReadOnlySpan<char> text) =>
        PersonalAccessToken.IsMeantBy(text) ? Credentials.PersonalAccessToken
        : RefreshTokenCodec.IsMeantBy(text) ? Credentials.RefreshToken
        : Credentials.BearerOnTheWire;
}

/// <summary>The one reader of presented tokens: it tells the kinds apart, and checks what can be checked without the store.</summary>
internal sealed class PresentedTokens(RefreshTokenCodec codec, TokenValidator validator)
{
    public async Task<PresentedToken> ReadAsync(string text)
    {
        switch (PresentedToken.KindOf(text))
        {
            case Credentials.PersonalAccessToken:
                return new PresentedToken.Personal(new PersonalAccessToken(text));
            case Credentials.RefreshToken:
                return codec.TryRead(text, out RefreshToken refresh) ? new PresentedToken.Refresh(
                    refresh) : new PresentedToken.Refused(TokenRejection.NotCompact);
            default:
                (AccessToken? token, TokenRejection? rejection) = await validator.ValidateAsync(text);
                return token is not null ? new PresentedToken.Access(token) : new PresentedToken.Refused(rejection!);
        }
    }
}
