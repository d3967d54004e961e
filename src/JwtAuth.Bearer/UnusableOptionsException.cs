using Microsoft.Extensions.Options;

namespace JwtAuth.Bearer;

/// <summary>
/// The options of a scheme are missing or wrong. Where nobody catches it, the runtime and the host's log print the one line that helps: the
/// setting, the fault and the remedy. Whoever reads it can do nothing about the stack.
/// </summary>
internal sealed class UnusableOptionsException(string scheme, Type options, string fault)
    : OptionsValidationException(scheme, options, [fault])
{
    public override string? StackTrace => null;

    public override string ToString() => Message;
}
