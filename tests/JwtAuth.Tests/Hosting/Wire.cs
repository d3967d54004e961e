using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace JwtAuth.Tests.Hosting;

/// <summary>What came back.</summary>
internal sealed record WireReply(HttpStatusCode Status, string Challenge, string Body);

/// <summary>
/// One keep-alive connection that sends an Authorization header byte by byte as it is given, which HttpClient would refuse or tidy up.
/// </summary>
internal sealed class Wire(string issuer) : IDisposable
{
    private readonly Uri address = new(issuer);
    private TcpClient? connection;
    private StreamReader? replies;

    /// <summary>
    /// <c>GET /me</c> with <c>Authorization: Bearer</c> and this token. Characters up to U+00FF are sent as one byte each;
    /// with any beyond, all is UTF-8.
    /// </summary>
    public async Task<WireReply> AskAsync(string token, CancellationToken cancellation)
    {
        Stream stream = await ConnectAsync(cancellation);
        Encoding encoding = token.All(character => character <= 0xFF) ? Encoding.Latin1 : Encoding.UTF8;
        try
        {
            await stream.WriteAsync(
                encoding.GetBytes($"GET /me HTTP/1.1\r\nHost: {address.Authority}\r\nAuthorization: Bearer {token}\r\n\r\n"), cancellation);
        }
        catch (IOException)
        {
            // It did not read to the end; what it says about that can still be read.
        }
        return await ReadAsync(cancellation);
    }

    public void Dispose()
    {
        replies?.Dispose();
        connection?.Dispose();
        (replies, connection) = (null, null);
    }

    private async Task<Stream> ConnectAsync(CancellationToken cancellation)
    {
        if (connection is null)
        {
            connection = new TcpClient { NoDelay = true };
            await connection.ConnectAsync(address.Host, address.Port, cancellation);
            replies = new StreamReader(connection.GetStream(), Encoding.Latin1);
        }
        return connection.GetStream();
    }

    private async Task<WireReply> ReadAsync(CancellationToken cancellation)
    {
        string status = await replies!.ReadLineAsync(cancellation) ?? throw new IOException("closed without a reply");
        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        while (await replies.ReadLineAsync(cancellation) is { Length: > 0 } line)
            headers.Add(line[..line.IndexOf(':')], line[(line.IndexOf(':') + 1)..].Trim());

        string body = headers.ContainsKey("Transfer-Encoding")
            ? await ReadChunksAsync(cancellation)
            : await ReadExactlyAsync(
                int.Parse(headers.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture), cancellation);
        if (headers.GetValueOrDefault("Connection") == "close")
            Dispose();
        var code = (HttpStatusCode)int.Parse(status.Split(' ')[1], CultureInfo.InvariantCulture);
        return new WireReply(code, headers.GetValueOrDefault("WWW-Authenticate", ""), body);
    }

    private async Task<string> ReadChunksAsync(CancellationToken cancellation)
    {
        var body = new StringBuilder();
        int length;
        do
        {
            length = int.Parse((await replies!.ReadLineAsync(cancellation))!, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            body.Append(await ReadExactlyAsync(length, cancellation));
            await replies.ReadLineAsync(cancellation);
        }
        while (length > 0);
        return body.ToString();
    }

    private async Task<string> ReadExactlyAsync(int length, CancellationToken cancellation)
    {
        char[] text = new char[length];
        return await replies!.ReadBlockAsync(text, cancellation) == length ? new string(text) : throw new IOException("cut off");
    }
}
