using JwtAuth.Bearer.AccessTokens;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;

namespace JwtAuth.Bearer;

/// <summary>What one scheme answers to a request that it does not let in.</summary>
/// <param name="Weight">
/// How much it says if several schemes refuse one request. A scheme that cannot tell outweighs those that can, since the token may be good
/// there. Of two reasons the one weighs more that a check finds later: that scheme knows more of the token. That it is another issuer's
/// says least.
/// </param>
/// <param name="Status">400, 401 or 503.</param>
/// <param name="Error">The code on the wire (RFC 6750 §3.1); <see langword="null"/> if there is none.</param>
/// <param name="Code">The code in the explanation.</param>
/// <param name="Reason">Why, in one word.</param>
/// <param name="Hint">What a developer can do about it.</param>
internal sealed record Refusal(int Weight, int Status, string? Error, string Code, string Reason, string Hint)
{
    public const string UsualTitle = "The bearer token was refused.";

    public const string AmbiguousReason = "ambiguous_request";

    public const string AmbiguousHint =
        "Send the token once: one Authorization header, and none in the query or the form (RFC 6750 §2).";

    private static readonly Refusal Ambiguous = new(int.MaxValue - 1, StatusCodes.Status400BadRequest, "invalid_request",
        "invalid_request", AmbiguousReason, AmbiguousHint);

    private static readonly Refusal ByApplication = new(TokenRejection.All.Count + 1, StatusCodes.Status401Unauthorized, "invalid_token",
        "invalid_token", "refused_by_application", "The token is good; the API's own OnTokenValidated has refused it.");

    private static readonly Refusal Unasked = new(-1, StatusCodes.Status401Unauthorized, Error: null, "token_required", "no_token",
        "Send the access token as \"Authorization: Bearer <token>\".");

    /// <summary>What happened, in one sentence.</summary>
    public string Title => this == Unasked ? "A bearer token is required." : UsualTitle;

    /// <summary>Whether nobody can tell at the moment whether the token is good.</summary>
    public bool IsTemporary => Status == StatusCodes.Status503ServiceUnavailable;

    /// <summary>The answer to what a check came to.</summary>
    public static Refusal Of(JwtBearerChallengeContext context, TokenValidator validator)
    {
        TokenRejection? rejection = TokenRejection.Of(context.AuthenticateFailure)
            ?? context.Properties.GetParameter<TokenRejection>(nameof(TokenRejection));
        return (rejection, context.AuthenticateFailure) switch
        {
            ({ IsTemporary: true }, _) => new(int.MaxValue, StatusCodes.Status503ServiceUnavailable, Error: null, rejection.Reason,
                rejection.Reason, validator.FaultBehind(rejection) is { } fault ? $"{rejection.Hint} ({fault})" : rejection.Hint),
            (not null, _) => new(WeightOf(rejection), StatusCodes.Status401Unauthorized, "invalid_token", "invalid_token",
                rejection.Reason, rejection.Hint),
            (null, AmbiguousRequestException) => Ambiguous,
            (null, not null) => ByApplication,
            _ => Unasked,
        };
    }

    private static int WeightOf(TokenRejection rejection) => rejection == TokenRejection.WrongIssuer ? 0 : rejection.Position + 1;
}
