using System.Globalization;
using System.Security.Claims;
using Microsoft.IdentityModel.Tokens;

namespace JwtAuth.Bearer.AccessTokens;

/// <summary>Puts <see cref="TokenValidator"/> behind JwtBearer's extension point. The parameters that JwtBearer passes are not asked: every check is the validator's.</summary>
internal sealed class AccessTokenHandler(TokenValidator validator) : TokenHandler
{
    public override async Task<TokenValidationResult> ValidateTokenAsync(string token, TokenValidationParameters validationParameters)
    {
        (AccessToken? accepted, TokenRejection? rejection) = await validator.ValidateAsync(token);
        return accepted is not null
            ? new() { IsValid = true, ClaimsIdentity = IdentityOf(accepted), SecurityToken = new Accepted(accepted) }
            : new() { IsValid = false, Exception = rejection!.AsException };
    }

    /// <summary>The claims under their own names; one <c>scope</c> and one <c>roles</c> claim for each value, so that policies, <c>IsInRole</c> and <c>RequireClaim</c> work.</summary>
    private static ClaimsIdentity IdentityOf(AccessToken token)
    {
        List<Claim> claims =
        [
            Text("sub", token.Subject),
            Text("jti", token.JwtId),
            Text("client_id", token.ClientId),
            Text("sid", token.SessionId),
            Integer("gen", token.Generation),
            Integer("exp", token.ExpiresAt.ToUnixTimeSeconds()),
            Integer("iat", token.IssuedAt.ToUnixTimeSeconds()),
            .. token.Audiences.Select(audience => Text("aud", audience)),
            .. token.Scopes.Select(scope => Text("scope", scope)),
            .. token.Roles.Select(role => Text("roles", role)),
        ];
        if (token.Username is { } username)
            claims.Add(Text("username", username));
        return new ClaimsIdentity(claims, "Bearer", nameType: "username", roleType: "roles") { BootstrapContext = token };

        Claim Text(string type, string value) => new(type, value, ClaimValueTypes.String, token.Issuer);
        Claim Integer(string type, long value) =>
            new(type, value.ToString(CultureInfo.InvariantCulture), ClaimValueTypes.Integer64, token.Issuer);
    }

    private sealed class Accepted(AccessToken token) : SecurityToken
    {
        public override string Id => token.JwtId;

        public override string Issuer => token.Issuer;

        public override SecurityKey? SecurityKey => null;

        public override SecurityKey? SigningKey { get; set; }

        public override DateTime ValidFrom => token.NotBefore.UtcDateTime;

        public override DateTime ValidTo => token.ExpiresAt.UtcDateTime;
    }
}
