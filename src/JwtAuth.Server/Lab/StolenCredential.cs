namespace JwtAuth.Server.Lab;

/// <summary>A copy of a credential, as somebody holds it who is not its owner. It never shows itself.</summary>
/// <param name="kind">What it is.</param>
/// <param name="header">The header that it travels in.</param>
/// <param name="name">The cookie's name, or the scheme.</param>
/// <param name="value">The header's value, whole.</param>
internal sealed class StolenCredential(string kind, string header, string name, string value)
{
    public string Kind => kind;

    public string Header => header;

    public string Name => name;

    /// <summary>What it adds to each request: a line, with its end.</summary>
    public int ByteCount => header.Length + ": ".Length + value.Length + "\r\n".Length;

    public string Reveal() => value;

    /// <summary>The same with another value: what a refresh gives for a refresh token.</summary>
    public StolenCredential With(string next) => new(kind, header, name, next);

    /// <inheritdoc/>
    public override string ToString() => "[stolen credential]";
}
