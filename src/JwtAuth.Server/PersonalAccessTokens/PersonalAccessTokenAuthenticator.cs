using System.Net;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Observability;

namespace JwtAuth.Server.PersonalAccessTokens;

/// <summary>How a personal access token was received: one of three, and only the first carries an account.</summary>
internal abstract record PersonalAccessTokenResult
{
    private PersonalAccessTokenResult()
    {
    }

    public sealed record Verified(PersonalAccess Access) : PersonalAccessTokenResult;

    public sealed record Refused(PersonalAccessTokenRejection Rejection) : PersonalAccessTokenResult;

    public sealed record TooManyAttempts(TimeSpan RetryAfter) : PersonalAccessTokenResult;
}

/// <summary>
/// The one way in for a personal access token. Wrong ones slow down the network that they come from; a right one is taken all the same.
/// </summary>
internal sealed class PersonalAccessTokenAuthenticator(
    PersonalAccessTokenStore tokens, WrongTokens wrong, ILogger<PersonalAccessTokenAuthenticator> log)
{
    public async Task<PersonalAccessTokenResult> CheckAsync(PersonalAccessToken token, IPAddress? address, CancellationToken cancellation)
    {
        if (!token.IsWellFormed)
            return new PersonalAccessTokenResult.Refused(PersonalAccessTokenRejection.Misspelt);
        if (await tokens.FindAsync(token, cancellation) is { } access)
        {
            await tokens.NoteUseAsync(access);
            return new PersonalAccessTokenResult.Verified(access);
        }

        log.PersonalAccessTokenRefused($"{address}");
        return wrong.Enter(address) is { } wait
            ? new PersonalAccessTokenResult.TooManyAttempts(wait)
            : new PersonalAccessTokenResult.Refused(PersonalAccessTokenRejection.NotLiving);
    }
}

/// <summary>Well-formed tokens that were not good.</summary>
internal sealed class WrongTokens(TimeProvider time) : FailureLimit(time);
