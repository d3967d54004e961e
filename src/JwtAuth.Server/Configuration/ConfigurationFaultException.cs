namespace JwtAuth.Server.Configuration;

/// <summary>
/// The service cannot start with this configuration. Each fault is one line: the key, what is wrong, and the remedy. It contains no secret.
/// </summary>
internal sealed class ConfigurationFaultException(params IReadOnlyList<string> faults) : Exception(string.Join(Environment.NewLine, faults))
{
    public IReadOnlyList<string> Faults { get; } = faults;
}
