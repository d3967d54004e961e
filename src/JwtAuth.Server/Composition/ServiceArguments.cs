using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.Composition;

/// <summary>
/// What may follow the program's name where it serves: keys of the configuration, as <c>--key value</c> or <c>--key=value</c>. The
/// framework takes anything, so that a misspelt option would be without effect and without a word.
/// </summary>
internal static class ServiceArguments
{
    // The last two rows are of the framework; FrameworkSwitches judges them.
    private static readonly string[] Keys =
    [
        "urls", "http_ports", "https_ports", "environment", "contentRoot", "applicationName", "KeyPerFileDirectory",
        "AllowedHosts", "ForwardedHeaders_Enabled", "captureStartupErrors",
    ];

    private static readonly string[] Sections = ["JwtAuth:", "Kestrel:", "Logging:", "Authentication:"];

    /// <exception cref="ConfigurationFaultException">An argument is none of them, or has no value.</exception>
    public static void Check(string[] args)
    {
        for (int index = 0; index < args.Length; index++)
        {
            string name = args[index].Split('=')[0];
            if (!name.StartsWith("--", StringComparison.Ordinal) || !(IsKnown(name[2..]) || IsEmptySection(args[index])))
                throw new ConfigurationFaultException($"{Shown(name)} is not an option of this program; it takes --urls, --environment, "
                    + "--contentRoot and the keys of docs/configuration.md, such as --JwtAuth:Issuer, each with a value. See --help.");
            if (name.Length < args[index].Length)
                continue;
            index++;
            if (index == args.Length || args[index].StartsWith("--", StringComparison.Ordinal))
                throw new ConfigurationFaultException($"{name} has no value; write it as {name}=VALUE.");
        }
    }

    private static bool IsKnown(string key) =>
        Keys.Contains(key, StringComparer.OrdinalIgnoreCase)
        || Array.Exists(Sections, section => key.StartsWith(section, StringComparison.OrdinalIgnoreCase));

    // Who starts the program from a whole configuration has these too.
    private static bool IsEmptySection(string argument) =>
        argument.EndsWith('=') && Sections.Contains($"{argument[2..^1]}:", StringComparer.OrdinalIgnoreCase);

    // What is no name may be a secret that has lost its key.
    private static string Shown(string name) =>
        name.StartsWith('-') && name.Length < 40 && name.All(character => character is > ' ' and <= '~') ? name : "An argument";
}
