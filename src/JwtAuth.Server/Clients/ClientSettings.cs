using System.Text.RegularExpressions;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.Clients;

/// <summary>
/// The clients that may ask about tokens, by id. Each has <c>Secrets</c>, <c>Audiences</c> and <c>May</c>, either below its id or below a
/// number together with <c>Id</c>.
/// </summary>
internal sealed partial record ClientSettings(IReadOnlyDictionary<string, Client> ById)
{
    private const string Key = "Clients";

    private static readonly string[] Members = ["Id", "Secrets", "Audiences", "May"];

    public static ClientSettings Read(SettingValues values, string issuer, IReadOnlyList<string> apis)
    {
        Dictionary<string, Client> clients = new(StringComparer.Ordinal);
        IConfigurationSection family = values.Family(Key);
        if (family.Value is { Length: > 0 })
            values.Fault(Key, "holds a value, but no client", "write each below its id, such as JwtAuth__Clients__ID__Secrets");
        foreach (IConfigurationSection section in family.GetChildren())
        {
            Client client = Read(values, section, [issuer, .. apis]);
            if (!clients.TryAdd(client.Id, client with { Apis = [.. apis.Where(client.Knows)] }))
                values.Fault(Key, "names two clients alike", "give each an id of its own");
        }
        return new ClientSettings(clients);
    }

    private static Client Read(SettingValues values, IConfigurationSection section, IReadOnlyCollection<string> audiences)
    {
        string id = section["Id"] ?? section.Key, key = $"{Key}:{section.Key}";
        if (!ClientId().IsMatch(id) || id == Grant.FirstParty)
            values.Fault(Key, $"holds an id that is not 1 to 64 letters, digits and . _ -, or is {Grant.FirstParty}", "rename the client");
        foreach (IConfigurationSection member in section.GetChildren()
            .Where(member => !Members.Contains(member.Key, StringComparer.OrdinalIgnoreCase)))
        {
            values.Fault($"{key}:{member.Key}", "is not a setting", $"below a client stand {string.Join(", ", Members)}");
        }

        List<ClientSecret> secrets = [];
        string[] configured = values.List($"{key}:Secrets"), words = values.List($"{key}:May");
        foreach (string atRest in configured)
        {
            if (ClientSecret.TryParse(atRest, out ClientSecret? secret))
                secrets.Add(secret);
            else
                values.Fault($"{key}:Secrets", "holds what is neither sha256: with a hash nor a bcrypt hash",
                    "make one with the command: clients secret");
        }
        if (configured.Length == 0 || secrets.Count > 2)
            values.Fault(
                $"{key}:Secrets", "does not hold one secret, or two while it changes", "make one with the command: clients secret");

        string[] known = values.List($"{key}:Audiences");
        if (known.Length == 0 || known.Except(audiences).Any())
            values.Fault($"{key}:Audiences", "is empty, or names what is no audience of JwtAuth:Audiences",
                "name the audiences whose tokens the client may ask about");

        ClientRights rights = ClientRights.None;
        foreach (string word in words)
        {
            if (Enum.TryParse(word, ignoreCase: true, out ClientRights right) && right != ClientRights.None && !int.TryParse(word, out _))
                rights |= right;
            else
                values.Fault($"{key}:May", "holds an unknown word", "write one or more of introspect, revoke, denials");
        }
        if (words.Length == 0)
            values.Fault($"{key}:May", "is empty, so that the client may do nothing", "write one or more of introspect, revoke, denials");
        return new Client(id, secrets, known, rights);
    }

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{1,64}\z")]
    private static partial Regex ClientId();
}
