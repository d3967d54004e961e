using System.Security.Claims;
using System.Security.Cryptography;
using JwtAuth.Bearer.Keys;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.SigningKeys;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace JwtAuth.Benchmarks;

/// <summary>
/// What a .NET team writes by the book with Microsoft.IdentityModel: one handler, one set of parameters, one key object for all tokens.
/// </summary>
internal sealed class StockHandler
{
    private readonly JsonWebTokenHandler handler = new();
    private readonly TokenValidationParameters parameters;
    private readonly SigningCredentials credentials;
    private readonly string issuer, audience;

    public StockHandler(SigningKey key, string issuer, string audience)
    {
        SecurityKey securityKey = KeyOf(key);
        securityKey.KeyId = key.KeyId;
        (this.issuer, this.audience) = (issuer, audience);
        credentials = new SigningCredentials(securityKey, $"{key.Algorithm}");
        parameters = new TokenValidationParameters
        {
            ValidIssuer = issuer,
            ValidAudience = audience,
            IssuerSigningKey = securityKey,
            ValidTypes = ["at+jwt"],
            ValidAlgorithms = [$"{key.Algorithm}"],
        };
    }

    public bool IsValid(string token) => handler.ValidateTokenAsync(token, parameters).GetAwaiter().GetResult().IsValid;

    public ClaimsPrincipal PrincipalOf(string token)
    {
        TokenValidationResult result = handler.ValidateTokenAsync(token, parameters).GetAwaiter().GetResult();
        return result.IsValid ? new ClaimsPrincipal(result.ClaimsIdentity) : throw result.Exception;
    }

    public string Create(AccountSnapshot account, IReadOnlyList<string> scopes, string sessionId)
    {
        DateTime now = DateTime.UtcNow;
        return handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer,
            Audience = audience,
            IssuedAt = now,
            NotBefore = now,
            Expires = now.AddHours(1),
            TokenType = "at+jwt",
            SigningCredentials = credentials,
            Claims = new Dictionary<string, object>
            {
                ["sub"] = account.Subject,
                ["jti"] = Guid.NewGuid().ToString(),
                ["client_id"] = Grant.FirstParty,
                ["scope"] = string.Join(' ', scopes),
                ["roles"] = account.Roles,
                ["username"] = account.Username,
                ["sid"] = sessionId,
                ["gen"] = account.Generation,
            },
        });
    }

    private static SecurityKey KeyOf(SigningKey key)
    {
        switch (key.Algorithm)
        {
            case SignatureAlgorithm.RS256:
                RSA rsa = RSA.Create();
                rsa.ImportPkcs8PrivateKey(key.ExportPrivate(), out _);
                return new RsaSecurityKey(rsa);
            case SignatureAlgorithm.ES256:
                ECDsa ecdsa = ECDsa.Create();
                ecdsa.ImportPkcs8PrivateKey(key.ExportPrivate(), out _);
                return new ECDsaSecurityKey(ecdsa);
            default:
                return new SymmetricSecurityKey(key.ExportPrivate());
        }
    }
}
