namespace JwtAuth.Server.Lab;

/// <summary>A copy of a credential in the hands of somebody who is not its owner. Printing or logging it does not show the value.</summary>
/// <param name="kind">The kind of credential.</param>
/// <param name="header">The header that carries it.</param>
/// <param name="name">The cookie's name, or the scheme.</param>
/// <param name="value">The whole value of the header.</param>
internal sealed class StolenCredential(string kind, string header, string name, string value)
{
    public string Kind => kind;

    public string Header => header;

    public string Name => name;

    /// <summary>How many bytes it adds to each request: one line, with its end.</summary>
    public int ByteCount => header.Length + ": ".Length + value.Length + "\r\n".Length;

    public string Reveal() => value;

    /// <summary>The same with another value, for the successor of a refresh token.</summary>
    public StolenCredential With(string next) => new(kind, header, name, next);

    /// <inheritdoc/>
    public override string ToString() => "[stolen credential]";
}
