using System.Buffers.Text;
using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using JwtAuth.Server.Audit;
using JwtAuth.Server.Endpoints.Admin;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Commands;

/// <summary><c>audit verify</c>: whether the trail is whole. <c>audit export</c>: the trail as JSON lines.</summary>
internal static class AuditCommand
{
    private static readonly JsonSerializerOptions Lines = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static Command Create()
    {
        var head = new Option<string?>("--head")
        {
            Description = "A head that was kept elsewhere, NUMBER:HASH, as verify prints it and APIs hear it",
        };
        var verify = new Command("verify", "Walks along the chain of the audit trail, and says which record was changed, moved, put in or "
            + "taken out. With a head that was kept elsewhere it also finds what was cut at the end.") { head };
        verify.SetAction(parsed => CommandLine.WithServiceAsync(services => VerifyAsync(services, parsed.GetValue(head))));

        var from = new Option<string?>("--from") { Description = "The earliest moment, in UTC, such as 2027-01-31T12:00:00Z" };
        var to = new Option<string?>("--to") { Description = "The moment before which the records are, in UTC" };
        var export = new Command("export", "Writes the audit trail to standard output, as one JSON object a line. "
            + "That it was exported is recorded.") { from, to };
        export.SetAction(parsed => CommandLine.WithServiceAsync(
            services => ExportAsync(services, parsed.GetValue(from), parsed.GetValue(to))));
        return new Command("audit", "The audit trail") { verify, export };
    }

    private static async Task<int> VerifyAsync(IServiceProvider services, string? text)
    {
        if (!TryRead(text, out AuditHead? witnessed))
            return CommandLine.Fail("--head is NUMBER:HASH, as this command prints it");
        AuditVerification found = await services.GetRequiredService<AuditVerifier>()
            .VerifyAsync(witnessed, (read, total) => CopyProgress.Show("AuditRecords", read, total));
        foreach (string fault in found.Faults)
            CommandLine.Fail(fault);
        foreach (string note in found.Notes)
            Console.WriteLine(note);
        string head = $"{found.Head.Number}:{Base64Url.EncodeToString(found.Head.Mac)}";
        if (found.Faults.Count > 0)
            return CommandLine.Fail($"the audit trail is not whole: {found.Records} records, head {head}");
        Console.WriteLine($"the audit trail is whole: {found.Records} records, {found.First} to {found.Head.Number}");
        Console.WriteLine($"head: {head}");
        return 0;
    }

    private static async Task<int> ExportAsync(IServiceProvider services, string? from, string? to)
    {
        (DateTimeOffset? earliest, DateTimeOffset? end) = (AuditMoments.Read(from), AuditMoments.Read(to));
        if ((from is not null && earliest is null) || (to is not null && end is null))
            return CommandLine.Fail("--from and --to are moments in UTC, such as 2027-01-31T12:00:00Z");
        long count = 0;
        await using (Stream output = Console.OpenStandardOutput())
        {
            await using var lines = new StreamWriter(output, new UTF8Encoding(false), bufferSize: 1 << 16);
            await services.GetRequiredService<AuditReader>().ReadAsync(new AuditFilter { From = earliest, To = end }, page =>
            {
                foreach (AuditRow row in page)
                    lines.Write($"{JsonSerializer.Serialize(AuditRecordReply.Of(row), Lines)}\n");
                count += page.Count;
            });
        }
        await RecordAsync(services, count);
        await Console.Error.WriteLineAsync($"exported: {count} records");
        return 0;
    }

    private static async Task RecordAsync(IServiceProvider services, long count)
    {
        Db db = services.GetRequiredService<Db>();
        AuditTrail trail = services.GetRequiredService<AuditTrail>();
        await using WriteTransaction transaction = await db.BeginWriteAsync(Urgency.Usual, "audit trail", Extent.OneStatement);
        trail.Add(new AuditEntry(AuditEvent.AuditExported) { Count = count });
        await trail.WriteAsync();
        await transaction.CommitAsync();
    }

    private static bool TryRead(string? text, out AuditHead? head)
    {
        head = null;
        if (text is null)
            return true;
        byte[] mac = new byte[HMACSHA256.HashSizeInBytes];
        if (text.Split(':') is not [var number, var hash]
            || !long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long given)
            || !Base64Url.IsValid(hash, out int length) || length != mac.Length)
        {
            return false;
        }
        head = new AuditHead(given, Base64Url.DecodeFromChars(hash));
        return true;
    }
}
