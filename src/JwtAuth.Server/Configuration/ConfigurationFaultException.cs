namespace JwtAuth.Server.Configuration;

/// <summary>
/// The service cannot start as it is configured. Each fault is one line: the key, what is wrong, the remedy. No secret is in it.
/// </summary>
internal sealed class ConfigurationFaultException(params IReadOnlyList<string> faults) : Exception(string.Join(Environment.NewLine, faults))
{
    public IReadOnlyList<string> Faults { get; } = faults;
}
