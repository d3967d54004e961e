using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace JwtAuth.Tests.Hosting;

/// <summary>HTTP/1.1 byte by byte, for what no client would send.</summary>
internal static class RawHttp
{
    /// <summary>Sends the bytes and reads until the service closes: the last request has to ask for it. Replies in their order.</summary>
    /// <param name="address">The service.</param>
    /// <param name="text">One character for each byte.</param>
    public static async Task<IReadOnlyList<Reply>> SendAsync(Uri address, string text)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Patience.Limit); // reached where a test has failed to make the service close
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, deadline.Token);
        NetworkStream stream = client.GetStream();
        var received = new MemoryStream();
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(text), deadline.Token);
            await stream.CopyToAsync(received, deadline.Token);
        }
        catch (IOException)
        {
            // Reset by a service that does not read on: what it has said before counts.
        }
        return Parse(Encoding.Latin1.GetString(received.ToArray()));
    }

    private static List<Reply> Parse(string text)
    {
        List<Reply> replies = [];
        while (text.Length > 0)
        {
            int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            string[] lines = text[..end].Split("\r\n");
            StringComparer anyCase = StringComparer.OrdinalIgnoreCase;
            Dictionary<string, string> headers = lines[1..].Select(line => line.Split(": ", 2)).GroupBy(pair => pair[0], anyCase)
                .ToDictionary(group => group.Key, group => string.Join(", ", group.Select(pair => pair[^1])), anyCase);
            text = text[(end + 4)..];
            string body = headers.ContainsKey("Transfer-Encoding")
                ? TakeChunks(ref text)
                : Take(ref text, int.Parse(headers.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture));
            replies.Add(new Reply(int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture), headers, body));
        }
        return replies;
    }

    private static string Take(ref string text, int length)
    {
        string taken = text[..length];
        text = text[length..];
        return taken;
    }

    private static string TakeChunks(ref string text)
    {
        var body = new StringBuilder();
        while (true)
        {
            int line = text.IndexOf("\r\n", StringComparison.Ordinal);
            int length = int.Parse(text[..line], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            text = text[(line + 2)..];
            body.Append(Take(ref text, length));
            text = text[2..];
            if (length == 0)
                return body.ToString();
        }
    }
}
