using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace JwtAuth.Tests.Hosting;

/// <summary>The real nginx with deploy/nginx.conf, in which nothing is changed but addresses, files and the processes' user.</summary>
internal sealed class Nginx : IAsyncDisposable
{
    private const string Program = "/usr/sbin/nginx";

    private readonly string directory = Directory.CreateTempSubdirectory("jwtauth-nginx-").FullName;
    private readonly ReservedPort port = new();
    private readonly StringBuilder said = new();
    private readonly X509Certificate2 certificate;
    private Process process = null!;

    private Nginx() => certificate = MakeCertificate();

    public Uri Address => new($"https://127.0.0.1:{port.Number}");

    /// <summary>Its log of faults and of accesses.</summary>
    public string Said
    {
        get
        {
            lock (said)
                return said.ToString();
        }
    }

    /// <summary>Starts it before these nodes. It takes connections when this returns.</summary>
    public static async Task<Nginx> StartAsync(params Uri[] nodes)
    {
        Assert.SkipUnless(File.Exists(Program), "There is no nginx on this machine; run tests/run, or apt-get install nginx-light.");
        var made = new Nginx();
        string settings = await made.WriteSettingsAsync(nodes);
        (int code, string fault) = await RunAsync(made.Line(settings, "-t"));
        code.Should().Be(0, fault);

        made.process = Process.Start(new ProcessStartInfo(Program, made.Line(settings))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        made.process.OutputDataReceived += made.Keep;
        made.process.ErrorDataReceived += made.Keep;
        made.process.BeginOutputReadLine();
        made.process.BeginErrorReadLine();
        await Patience.UntilAsync(async () =>
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, made.port.Number);
                return true;
            }
            catch (SocketException)
            {
                return made.process.HasExited ? throw new InvalidOperationException(made.Said) : false;
            }
        }, "nginx listens");
        return made;
    }

    /// <summary>A client that knows the certificate, and calls the service by its name.</summary>
    public HttpClient Connect(string? bearer = null)
    {
        var client = new HttpClient(new SocketsHttpHandler
        {
            UseCookies = false,
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, presented, _, _) =>
                    presented?.GetCertHashString(HashAlgorithmName.SHA256) == certificate.GetCertHashString(HashAlgorithmName.SHA256),
            },
        })
        {
            BaseAddress = Address,
            Timeout = Patience.Limit,
        };
        client.DefaultRequestHeaders.Host = "auth.example.com";
        if (bearer is not null)
            client.DefaultRequestHeaders.Authorization = new("Bearer", bearer);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            using (Process quit = Process.Start("kill", ["-TERM", $"{process.Id}"]))
                await quit.WaitForExitAsync();
            await process.WaitForExitAsync();
            process.Dispose();
        }
        certificate.Dispose();
        port.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    private string[] Line(string settings, params string[] more) =>
    [
        "-p", directory, "-c", settings,
        "-g", $"daemon off; pid {directory}/pid;{(Environment.UserName == "root" ? " user root;" : "")}", .. more,
    ];

    private async Task<string> WriteSettingsAsync(Uri[] nodes)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        await File.WriteAllTextAsync(Path.Combine(directory, "tls.crt"), certificate.ExportCertificatePem(), cancellation);
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        await File.WriteAllTextAsync(Path.Combine(directory, "tls.key"), key.ExportPkcs8PrivateKeyPem(), cancellation);
        string text = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "deploy/nginx.conf"), cancellation);
        for (int index = 0; index < nodes.Length; index++)
            Replace($"server node{index + 1}:8080", $"server {nodes[index].Authority}");
        Replace("listen 443 ssl", string.Create(CultureInfo.InvariantCulture, $"listen 127.0.0.1:{port.Number} ssl"));
        Replace("/etc/nginx/tls/tls.crt", Path.Combine(directory, "tls.crt"));
        Replace("/etc/nginx/tls/tls.key", Path.Combine(directory, "tls.key"));
        // Where the package would have them may be written by root alone.
        Replace("http {", $"http {{ {string.Concat(new[] { "client_body", "proxy", "fastcgi", "uwsgi", "scgi" }
            .Select(kind => $"{kind}_temp_path {directory}/{kind}; "))}");
        string path = Path.Combine(directory, "nginx.conf");
        await File.WriteAllTextAsync(path, text, cancellation);
        return path;

        void Replace(string from, string to)
        {
            text.Split(from).Should().HaveCount(2, $"deploy/nginx.conf says it once: {from}");
            text = text.Replace(from, to, StringComparison.Ordinal);
        }
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (said)
            said.AppendLine(line.Data);
    }

    private static async Task<(int Code, string Fault)> RunAsync(string[] line)
    {
        using Process run = Process.Start(new ProcessStartInfo(Program, line) { RedirectStandardError = true })!;
        string fault = await run.StandardError.ReadToEndAsync();
        await run.WaitForExitAsync();
        return (run.ExitCode, fault);
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=auth.example.com", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
