using System.Collections;
using System.Reflection;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.IdentityModel.Tokens;

namespace JwtAuth.Bearer;

/// <summary>
/// The settings of JwtBearer's handler, which an application can reach because our schemes are its schemes. Each is honoured, or stops the
/// start where it is set: one that were ignored would be a check that somebody believes in.
/// </summary>
internal static class HandlerSettings
{
    private const string OfParameters = nameof(TokenValidationParameters) + ".";

    private const string KeysOfTheIssuer = "the keys are those that the issuer at JwtAuth:Authority publishes, read again in time and at "
            + "once for a new kid; take it out",
        OneCheck = "every token goes through the same list of checks; take it out, or use AddJwtBearer for tokens of another kind",
        OwnOptions = "set it in the options of AddJwtAuthBearer",
        SetAudience = "set JwtAuth:Audience", SetAuthority = "set JwtAuth:Authority",
        OwnClock = "register the TimeProvider as a service";

    /// <summary>What is honoured.</summary>
    public static readonly IReadOnlySet<string> Honoured = new HashSet<string>
    {
        nameof(JwtBearerOptions.Challenge), nameof(JwtBearerOptions.Events), nameof(JwtBearerOptions.IncludeErrorDetails),
        nameof(JwtBearerOptions.SaveToken), nameof(JwtBearerOptions.TokenValidationParameters), nameof(JwtBearerOptions.ForwardDefault),
        nameof(JwtBearerOptions.ForwardAuthenticate), nameof(JwtBearerOptions.ForwardChallenge), nameof(JwtBearerOptions.ForwardForbid),
        nameof(JwtBearerOptions.ForwardSignIn), nameof(JwtBearerOptions.ForwardSignOut), nameof(JwtBearerOptions.ForwardDefaultSelector),
        OfParameters + nameof(TokenValidationParameters.NameClaimType), OfParameters + nameof(TokenValidationParameters.RoleClaimType),
        // These ask for nothing.
        OfParameters + nameof(TokenValidationParameters.IsClone), OfParameters + nameof(TokenValidationParameters.DebugId),
        OfParameters + nameof(TokenValidationParameters.PropertyBag), OfParameters + nameof(TokenValidationParameters.InstancePropertyBag),
    };

    /// <summary>What stops the start, with the remedy. What follows from another setting stands after it.</summary>
    public static readonly IReadOnlyDictionary<string, string> Refused = new Dictionary<string, string>
    {
        [nameof(JwtBearerOptions.EventsType)] = "it would take the place of the checks; set Events instead",
        [nameof(JwtBearerOptions.Authority)] = SetAuthority,
        [nameof(JwtBearerOptions.Audience)] = SetAudience,
        [nameof(JwtBearerOptions.MetadataAddress)] = KeysOfTheIssuer,
        [nameof(JwtBearerOptions.RequireHttpsMetadata)] = "https is always required, save on loopback; take it out",
        [nameof(JwtBearerOptions.BackchannelHttpHandler)] = OwnOptions,
        [nameof(JwtBearerOptions.Backchannel)] = "set BackchannelHttpHandler in the options of AddJwtAuthBearer",
        [nameof(JwtBearerOptions.BackchannelTimeout)] = "each call to the issuer has a limit of its own; take it out",
        [nameof(JwtBearerOptions.Configuration)] = KeysOfTheIssuer,
        [nameof(JwtBearerOptions.ConfigurationManager)] = KeysOfTheIssuer,
        [nameof(JwtBearerOptions.RefreshOnIssuerKeyNotFound)] = KeysOfTheIssuer,
        [nameof(JwtBearerOptions.AutomaticRefreshInterval)] = KeysOfTheIssuer,
        [nameof(JwtBearerOptions.RefreshInterval)] = KeysOfTheIssuer,
        ["SecurityTokenValidators"] = OneCheck, // obsolete, so that its name may not be said otherwise
        [nameof(JwtBearerOptions.UseSecurityTokenValidators)] = OneCheck,
        [nameof(JwtBearerOptions.TokenHandlers)] = OneCheck,
        [nameof(JwtBearerOptions.MapInboundClaims)] = "claims keep their own names (sub, username, roles, scope); take it out",
        [nameof(JwtBearerOptions.ClaimsIssuer)] = "the issuer of a claim is the token's iss; take it out",
        [nameof(JwtBearerOptions.TimeProvider)] = OwnClock,
        [OfParameters + nameof(TokenValidationParameters.ValidAudience)] = SetAudience,
        [OfParameters + nameof(TokenValidationParameters.ValidAudiences)] = SetAudience,
        [OfParameters + nameof(TokenValidationParameters.ValidIssuer)] = SetAuthority,
        [OfParameters + nameof(TokenValidationParameters.ValidIssuers)] = SetAuthority,
        [OfParameters + nameof(TokenValidationParameters.ClockSkew)] = OwnOptions,
        [OfParameters + nameof(TokenValidationParameters.IssuerSigningKey)] = KeysOfTheIssuer,
        [OfParameters + nameof(TokenValidationParameters.IssuerSigningKeys)] = KeysOfTheIssuer,
        [OfParameters + nameof(TokenValidationParameters.IssuerSigningKeyResolver)] = KeysOfTheIssuer,
        [OfParameters + nameof(TokenValidationParameters.IssuerSigningKeyResolverUsingConfiguration)] = KeysOfTheIssuer,
        [OfParameters + nameof(TokenValidationParameters.ConfigurationManager)] = KeysOfTheIssuer,
        [OfParameters + nameof(TokenValidationParameters.SaveSigninToken)] =
            "AccessToken.Of(User) has the claims, SaveToken keeps the text",
        [OfParameters + nameof(TokenValidationParameters.AuthenticationType)] = "an identity has the type Bearer; take it out",
        [OfParameters + nameof(TokenValidationParameters.NameClaimTypeRetriever)] = "set NameClaimType",
        [OfParameters + nameof(TokenValidationParameters.RoleClaimTypeRetriever)] = "set RoleClaimType",
        // Ways to check more, less or otherwise.
        [OfParameters + nameof(TokenValidationParameters.ActorValidationParameters)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.AlgorithmValidator)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.AudienceValidator)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.CryptoProviderFactory)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.IgnoreTrailingSlashWhenValidatingAudience)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.IgnoreCaseWhenValidatingAudience)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.IncludeTokenOnFailedValidation)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.IssuerSigningKeyValidator)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.IssuerSigningKeyValidatorUsingConfiguration)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.IssuerValidator)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.IssuerValidatorUsingConfiguration)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.LifetimeValidator)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.LogTokenId)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.LogValidationExceptions)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.RefreshBeforeValidation)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.RequireAudience)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.RequireExpirationTime)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.RequireSignedTokens)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.SignatureValidator)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.SignatureValidatorUsingConfiguration)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.TokenDecryptionKey)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.TokenDecryptionKeyResolver)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.TokenDecryptionKeys)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.TokenReader)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.TokenReplayCache)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.TokenReplayValidator)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.TransformBeforeSignatureValidation)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.TryAllDecryptionKeys)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.TryReadJwtClaim)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.TryAllIssuerSigningKeys)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.TypeValidator)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.ValidAlgorithms)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.ValidTypes)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.ValidateActor)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.ValidateAudience)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.ValidateIssuer)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.ValidateIssuerSigningKey)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.ValidateLifetime)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.ValidateSignatureLast)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.ValidateTokenReplay)] = OneCheck,
        [OfParameters + nameof(TokenValidationParameters.ValidateWithLKG)] = OneCheck,
    };

    /// <summary>The first setting that would be ignored, with its remedy; <see langword="null"/> if there is none.</summary>
    /// <param name="scheme">The scheme's name.</param>
    /// <param name="options">What is set there.</param>
    /// <param name="time">The clock of the application.</param>
    public static string? FaultOf(string scheme, JwtBearerOptions options, TimeProvider time)
    {
        var untouched = new JwtBearerOptions { MapInboundClaims = false, TimeProvider = options.TimeProvider is null ? null : time };
        HashSet<string> changed =
        [
            .. Changed(typeof(JwtBearerOptions).GetProperties(), options, untouched),
            .. Changed(typeof(TokenValidationParameters).GetProperties(), options.TokenValidationParameters,
                untouched.TokenValidationParameters).Select(name => OfParameters + name),
        ];
        // Ours have taken their place.
        if (options.TokenHandlers.Count == 0)
            changed.Remove(nameof(JwtBearerOptions.TokenHandlers));
        // A property of a later version has no remedy of its own yet.
        string? first = Refused.Keys.FirstOrDefault(changed.Contains) ?? changed.FirstOrDefault(name => !Honoured.Contains(name));
        return first is not null
            ? $"{first} of the scheme {scheme} is set, which has no effect: {Refused.GetValueOrDefault(first, OneCheck)}."
            : options.Challenge is not { Length: > 0 } challenge || challenge.Any(character => character is < ' ' or > '~')
            ? $"Challenge of the scheme {scheme} cannot be sent: make it printable ASCII, such as: Bearer realm=\"orders\"."
            : null;
    }

    private static IEnumerable<string> Changed(PropertyInfo[] properties, object options, object untouched) =>
        from property in properties
        where property.GetIndexParameters().Length == 0 && !IsSame(property.GetValue(options), property.GetValue(untouched))
        select property.Name;

    // Lists are compared by the kinds of what is in them: two handlers are never equal, and an empty list asks for nothing.
    private static bool IsSame(object? value, object? other) => value is string || other is string
        || (value ?? other) is not IEnumerable ? Equals(value, other) : KindsIn(value).SequenceEqual(KindsIn(other));

    private static IEnumerable<Type> KindsIn(object? list) => (list as IEnumerable)?.Cast<object>().Select(item => item.GetType()) ?? [];
}
