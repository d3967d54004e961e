using System.Globalization;
using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.Pipeline;

/// <summary>Whom to tell of a weakness, and where a password can be changed.</summary>
/// <param name="Contacts">URIs, the preferred first. If there is none, there is no <c>security.txt</c>.</param>
/// <param name="ExpiresAt">When the contacts must not be relied on any more (RFC 9116 §2.5.5).</param>
/// <param name="Policy">The URI of the policy on reports.</param>
/// <param name="ChangePassword">The URL of a page where people change their password.</param>
internal sealed record PublicPageSettings(
    IReadOnlyList<string> Contacts, DateTimeOffset ExpiresAt, string? Policy, string? ChangePassword)
{
    private const string Expires = "SecurityTxt:Expires", Rfc3339 = "yyyy-MM-dd'T'HH:mm:ssK";

    private const string TimeRemedy = "write the time like 2027-06-30T00:00:00Z, less than a year ahead";

    public static PublicPageSettings Read(SettingValues values)
    {
        string[] contacts = values.List("SecurityTxt:Contact");
        if (!contacts.All(contact => IsUri(contact, "https", "mailto", "tel")))
            values.Fault("SecurityTxt:Contact", "holds what is no https, mailto or tel URI", "write it like mailto:security@example.com");
        else if (contacts.Length > 0 && values[Expires] is null)
            values.Fault(Expires, "is missing", $"RFC 9116 wants it beside a contact; {TimeRemedy}");
        return new PublicPageSettings(
            contacts, ExpiryOf(values, contacts.Length > 0), Https(values, "SecurityTxt:Policy"), Https(values, "ChangePasswordUrl"));
    }

    private static DateTimeOffset ExpiryOf(SettingValues values, bool hasContact)
    {
        DateTimeOffset expiry = default;
        if (values[Expires] is not { } text)
            return expiry;
        if (!hasContact)
            values.Fault(Expires, "stands without a contact", "name one in JwtAuth:SecurityTxt:Contact, or remove it");
        else if (!DateTimeOffset.TryParseExact(text, Rfc3339, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out expiry))
            values.Fault(Expires, "is no time of RFC 3339", TimeRemedy);
        return expiry;
    }

    private static string? Https(SettingValues values, string key)
    {
        string? text = values[key];
        if (text is not null && !IsUri(text, "https"))
            values.Fault(key, "is no https URL", "write it like https://www.example.com/page");
        return text;
    }

    // Only what stands on one line and in one header as it is.
    private static bool IsUri(string text, params string[] schemes) =>
        text.All(character => character is > ' ' and <= '~' and not ('"' or '<' or '>'))
        && Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && schemes.Contains(uri.Scheme);
}
