using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using JwtAuth.Bearer.Denials;
using JwtAuth.Server.Audit;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.DenialFeed;

/// <summary>
/// The feed with the head of the audit trail in it, so that every API that listens is a witness to the trail. The cursor carries the head
/// that its owner has heard of; the next part says what the trail has in that place now, however far it has gone on since.
/// </summary>
internal sealed class WitnessedPages(DenialPages pages, AuditHeads heads, DatabaseStart database, ILogger<WitnessedPages> log)
{
    private bool isTold;

    /// <summary>As <see cref="DenialPages.ReadAsync"/>.</summary>
    public async Task<DenialPage?> ReadAsync(Db db, string? cursor, TimeSpan wait, CancellationToken cancellation)
    {
        (string? ofDenials, AuditHead? known) = Split(cursor);
        if (await pages.ReadAsync(db, ofDenials, wait, cancellation) is not { } page)
            return null;
        // Whoever has waited for news gets what there is now, also when the waiting was given up.
        if (await heads.FindAsync(known?.Number ?? 0, CancellationToken.None) is not { } head)
            return page;
        AuditHead? recalled = known is null ? null : await heads.RecallAsync(known.Number, CancellationToken.None);
        if (recalled is not null && !recalled.Mac.AsSpan().SequenceEqual(known!.Mac) && !Interlocked.Exchange(ref isTold, true))
            log.AuditTrailNotAsHeard(known.Number);
        string mac = Base64Url.EncodeToString(head.Mac);
        return page with
        {
            Cursor = string.Create(CultureInfo.InvariantCulture, $"{page.Cursor}.{head.Number}.{mac}"),
            Audit = new AuditPage
            {
                Epoch = database.Identity,
                Number = head.Number,
                Head = mac,
                Before = recalled is null
                    ? null : new AuditPosition { Number = recalled.Number, Head = Base64Url.EncodeToString(recalled.Mac) },
            },
        };
    }

    private (string? OfDenials, AuditHead? Known) Split(string? cursor)
    {
        if (cursor?.Split('.') is not [var identity, var last, var keys, var number, var head]
            || !long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long known) || !TryDecode(head, out byte[] mac))
        {
            return (cursor, null);
        }
        // Of another history nothing can be recalled.
        return ($"{identity}.{last}.{keys}", identity == database.Identity ? new AuditHead(known, mac) : null);
    }

    private static bool TryDecode(string text, out byte[] mac)
    {
        mac = new byte[HMACSHA256.HashSizeInBytes];
        return text.Length == Base64Url.GetEncodedLength(mac.Length)
            && Base64Url.DecodeFromChars(text, mac, out _, out int length) == OperationStatus.Done && length == mac.Length;
    }
}
