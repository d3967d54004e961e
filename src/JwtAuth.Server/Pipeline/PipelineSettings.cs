using System.Net;
using System.Text;
using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.Pipeline;

/// <param name="TrustedNetworks">The networks whose forwarded headers are trusted.</param>
internal sealed record ProxySettings(IReadOnlyList<IPNetwork> TrustedNetworks)
{
    public static ProxySettings Read(SettingValues values)
    {
        const string Key = "Proxy:TrustedNetworks";
        List<IPNetwork> networks = [];
        foreach (string text in values.List(Key))
        {
            if (IPNetwork.TryParse(text, out IPNetwork network))
            {
                networks.Add(network);
                if (network.PrefixLength == 0)
                {
                    values.Fault(
                        Key, "holds every address there is, so that everybody could write the forwarded headers",
                        "name the proxies' own network");
                }
            }
            else if (IPAddress.TryParse(text, out IPAddress? address))
                networks.Add(new IPNetwork(address, address.GetAddressBytes().Length * 8));
            else
                values.Fault(Key, "holds what is neither an address nor a network", "write it like 10.0.0.0/8 or 192.0.2.7");
        }
        return new ProxySettings(networks);
    }
}

/// <param name="Names">The hosts that requests may be for, beside loopback: the issuer's, and those of the configuration.</param>
internal sealed record HostSettings(IReadOnlySet<string> Names)
{
    public static HostSettings Read(SettingValues values, string issuer)
    {
        const string Key = "Hosts";
        HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);
        if (Uri.TryCreate(issuer, UriKind.Absolute, out Uri? url))
            names.Add(url.Host);
        foreach (string name in values.List(Key))
        {
            if (Uri.CheckHostName(name) is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6 && Ascii.IsValid(name))
                names.Add(name.Contains(':') && !name.StartsWith('[') ? $"[{name}]" : name);
            else
                values.Fault(Key, "holds what is no host", "write a name or an address without a port, such as auth.internal; no *");
        }
        return new HostSettings(names);
    }
}

/// <param name="Enabled">Whether <c>/swagger</c> exists.</param>
internal sealed record SwaggerSettings(bool Enabled)
{
    public static SwaggerSettings Read(SettingValues values) => new(values.Flag("Swagger:Enabled", values.IsDevelopment));
}
