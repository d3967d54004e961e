using System.Text;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;

namespace JwtAuth.Bearer;

/// <summary>
/// A challenge (RFC 6750 §3): <see cref="JwtBearerOptions.Challenge"/>, and what there is to say of the error. The texts are fixed and
/// contain nothing of the token, unless the application adds some.
/// </summary>
internal static class ChallengeText
{
    /// <summary>The challenge that the application's events have left.</summary>
    public static string Of(JwtBearerChallengeContext context) => Of(context.Options.Challenge,
        ("error", context.Error), ("error_description", context.ErrorDescription), ("error_uri", context.ErrorUri));

    /// <summary>The challenge for scopes that a token lacks (RFC 6750 §3.1).</summary>
    public static string OfMissing(string challenge, string[] scopes) =>
        Of(challenge, ("error", "insufficient_scope"), ("scope", string.Join(' ', scopes)));

    /// <summary>Adds a challenge to those that other schemes have put there. The same one twice says nothing more.</summary>
    public static void Append(HttpResponse response, string challenge)
    {
        if (!response.Headers.WWWAuthenticate.Contains(challenge))
            response.Headers.WWWAuthenticate = Microsoft.Extensions.Primitives.StringValues.Concat(
                response.Headers.WWWAuthenticate, challenge);
    }

    private static string Of(string challenge, params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        var text = new StringBuilder(challenge);
        bool isFirst = !challenge.Contains(' '); // after the scheme alone; parameters of the application may follow it
        foreach ((string name, string? value) in parameters)
        {
            if (string.IsNullOrEmpty(value))
                continue;
            text.Append(isFirst ? " " : ", ").Append(name).Append("=\"").Append(Quotable(value)).Append('"');
            isFirst = false;
        }
        return text.ToString();
    }

    // RFC 6750 §3 allows no other characters, and a header with others could not be sent.
    private static string Quotable(string value) => string.Create(value.Length, value, (text, from) =>
    {
        for (int index = 0; index < from.Length; index++)
            text[index] = from[index] is >= ' ' and <= '~' and not ('"' or '\\') ? from[index] : from[index] == '"' ? '\'' : '?';
    });
}
