using System.Globalization;
using System.Text;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.AccessTokens;

/// <summary>Who issues tokens, for which audiences, and what may be granted.</summary>
/// <param name="Url">The <c>iss</c> of every token, and the audience for the account itself: an origin without a trailing slash.</param>
/// <param name="Audiences">The APIs. A login that asks for no audience gets the first one.</param>
/// <param name="Scopes">Each scope with the roles that may have it. If no role is named, everyone may.</param>
internal sealed record IssuerSettings(
    string Url, IReadOnlyList<string> Audiences, IReadOnlyDictionary<string, IReadOnlyList<string>> Scopes)
{
    public bool IsHttps => Url.StartsWith("https:", StringComparison.Ordinal);

    /// <summary>Whether tokens are issued for this audience.</summary>
    public bool Knows(string audience) => audience == Url || Audiences.Contains(audience);

    /// <summary>Whether some scope is for accounts with this role.</summary>
    public bool NamesRole(string role) => Scopes.Values.Any(roles => roles.Contains(role));

    public static IssuerSettings Read(SettingValues values)
    {
        string issuer = Issuer(values);
        return new IssuerSettings(issuer, AudiencesBeside(issuer, values), ScopesOf(values));
    }

    private static string Issuer(SettingValues values)
    {
        const string Key = "Issuer";
        if (values[Key] is not { Length: > 0 } text)
        {
            values.Fault(Key, "is missing", "set it to the URL that clients know this service by, such as https://auth.example.com");
            return "";
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url) || url.Scheme is not ("https" or "http"))
            values.Fault(Key, "is not an absolute https URL", "write it like https://auth.example.com");
        else if (text.Length > 255 || !Ascii.IsValid(text))
            values.Fault(Key, "has more than 255 characters, or others than ASCII", "use a shorter host name, "
                + "an international one in its xn-- form");
        else if (url.Scheme == "http" && !(values.IsDevelopment && url.IsLoopback))
            values.Fault(Key, "is a plain http URL", "use https; http is for loopback in the Development environment only");
        else if (text != url.GetLeftPart(UriPartial.Authority) || url.UserInfo.Length > 0)
            values.Fault(
                Key, "has more than scheme, host and port, or is not in its plain form",
                $"write it as {url.Scheme}://{url.Authority}, lower case, without path, query or a last slash");
        return text;
    }

    private static string[] AudiencesBeside(string issuer, SettingValues values)
    {
        const string Key = "Audiences";
        string[] audiences = values.List(Key);
        if (audiences.Length == 0)
            values.Fault(Key, "is empty", "name at least one API, such as JwtAuth__Audiences__0=orders");
        foreach (string audience in audiences)
        {
            if (audience.Length > 255 || audience.Any(character => character is <= ' ' or > '~' or '"' or '\\'))
            {
                values.Fault(
                    Key, "holds a name of more than 255 characters, or with others than printable ASCII without spaces, "
                        + "quotation marks and backslashes",
                    "use a short name or a URL");
            }
            if (audience == issuer)
                values.Fault(Key, "names the issuer, which is always one of the audiences", "name the APIs only");
        }
        return audiences;
    }

    private static Dictionary<string, IReadOnlyList<string>> ScopesOf(SettingValues values)
    {
        const string Key = "Scopes";
        // A scope's name may contain a colon, which also separates configuration keys. So the name is the whole path below the section.
        Dictionary<string, IReadOnlyList<string>> scopes = new(StringComparer.Ordinal);
        IConfigurationSection section = values.Family(Key);
        foreach (IConfigurationSection leaf in SettingValues.Leaves(section))
        {
            string name = leaf.Path[(section.Path.Length + 1)..];
            int lastColon = name.LastIndexOf(':');
            if (int.TryParse(name.AsSpan(lastColon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _) && lastColon > 0)
                name = name[..lastColon];
            if (!ScopeGrant.IsScopeToken(name))
            {
                values.Fault(
                    Key, "holds a name that is not a scope-token of RFC 6749 §3.3",
                    "use printable ASCII without spaces, quotation marks and backslashes, 64 characters at most");
            }
            scopes[name] = [.. scopes.GetValueOrDefault(name, []), .. SettingValues.Words(leaf.Value)];
        }

        if (!scopes.Values.All(roles => roles.All(Names.IsRole)))
            values.Fault(Key, "names a role that no account can have", "a role has 1 to 32 of a-z, 0-9 and . _ -");
        if (scopes.Keys.Sum(name => name.Length + 1) > 2048)
            values.Fault(
                Key, "holds more than 2048 characters of names", "use fewer or shorter scopes, so that a token fits into a header");
        scopes.TryAdd(ScopeGrant.OfflineAccess, []);
        return scopes;
    }
}
