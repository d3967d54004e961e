using System.Net;
using JwtAuth.Server.Audit;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Observability;

namespace JwtAuth.Server.PersonalAccessTokens;

/// <summary>The result of checking a personal access token. Only the first of the three carries an account.</summary>
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
/// The only place that checks a personal access token as a credential. Wrong ones slow down the network that they come from. A right one is
/// accepted even then.
/// </summary>
internal sealed class PersonalAccessTokenAuthenticator(
    PersonalAccessTokenUses tokens, WrongTokens wrong, AttemptLog attempts, AuditNotes notes,
    ILogger<PersonalAccessTokenAuthenticator> log)
{
    /// <param name="token">The token as it was sent.</param>
    /// <param name="address">Where the request comes from.</param>
    /// <param name="isGrant">Whether it is changed into an access token, which notes its use as well.</param>
    /// <param name="cancellation">The caller has disconnected.</param>
    public async Task<PersonalAccessTokenResult> CheckAsync(
        PersonalAccessToken token, IPAddress? address, bool isGrant, CancellationToken cancellation)
    {
        if (!token.IsWellFormed)
            return new PersonalAccessTokenResult.Refused(PersonalAccessTokenRejection.Misspelt);
        if (await tokens.FindAsync(token, cancellation) is { } access)
        {
            if (!isGrant)
                await tokens.NoteUseAsync(access);
            return new PersonalAccessTokenResult.Verified(access);
        }

        log.PersonalAccessTokenRefused($"{address}");
        notes.Add(new(AuditEvent.LoginRefused) { Actor = AuditActor.Anonymous, Detail = AuditDetail.PersonalAccessToken });
        return await attempts.EnterAsync(wrong, WrongTokens.Kind, address) is { } wait
            ? new PersonalAccessTokenResult.TooManyAttempts(wait)
            : new PersonalAccessTokenResult.Refused(PersonalAccessTokenRejection.NotLiving);
    }
}

/// <summary>Counts well-formed tokens that are not good, of all processes together.</summary>
internal sealed class WrongTokens : FailureLimit
{
    public const string Kind = "personal access token";

    public WrongTokens(AttemptLog log, AttemptNames names, TimeProvider time) : base(names, time) => log.Follow(Kind, this);
}
