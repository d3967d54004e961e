using System.Text;
using System.Text.Json;

namespace JwtAuth.Benchmarks.Rivals;

/// <summary>Requests as the bytes that are sent.</summary>
internal static class RawRequest
{
    public static byte[] Get(string path, params IReadOnlyList<string> headers) => Write("GET", path, headers, "");

    public static byte[] Json(string path, object body, params IReadOnlyList<string> headers) =>
        Write("POST", path, ["Content-Type: application/json", .. headers], JsonSerializer.Serialize(body));

    public static byte[] Form(string path, Dictionary<string, string> fields, params IReadOnlyList<string> headers) =>
        Write("POST", path, ["Content-Type: application/x-www-form-urlencoded", .. headers],
            string.Join('&', fields.Select(field => $"{field.Key}={Uri.EscapeDataString(field.Value)}")));

    public static string Bearer(string token) => $"Authorization: Bearer {token}";

    public static string Basic(string name, string secret) =>
        $"Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{secret}"))}";

    private static byte[] Write(string method, string path, IReadOnlyList<string> headers, string body)
    {
        string length = body.Length == 0 ? "" : $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n";
        return Encoding.UTF8.GetBytes(
            $"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{string.Concat(headers.Select(header => $"{header}\r\n"))}{length}\r\n{body}");
    }
}
