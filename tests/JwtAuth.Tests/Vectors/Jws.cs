using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Bearer.Keys;
using Microsoft.IdentityModel.Tokens;

namespace JwtAuth.Tests.Vectors;

/// <summary>The JWS layer alone, as the validator uses it: the payload may be anything.</summary>
internal static class Jws
{
    /// <summary>Whether this key signed it, each member judged as for a token.</summary>
    public static bool Verifies(string jws, string jsonWebKey)
    {
        VerificationKey key;
        try
        {
            key = VerificationKey.FromJsonWebKey(new JsonWebKey(jsonWebKey));
        }
        catch (ArgumentException)
        {
            return false;
        }
        byte[] buffer = new byte[StrictJwt.BufferSizeFor(jws.Length)];
        return StrictJwt.Open(jws, buffer, out StrictJwt jwt) is null
            && jwt.Algorithm == key.Algorithm && key.Verify(jwt.SigningInput, jwt.Signature);
    }

    /// <summary>Whether its header names one of our algorithms.</summary>
    public static bool NamesOurAlgorithm(string jws)
    {
        StrictJwt.Open(jws, new byte[StrictJwt.BufferSizeFor(jws.Length)], out StrictJwt jwt);
        return jwt.Algorithm is not null;
    }
}
