using System.Globalization;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Audit;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.Admin;

[ApiController]
[AccountOnly(Role = Names.AdminRole)]
[Tags("Administration")]
internal sealed class AdminAuditController(AuditReader trail) : ControllerBase
{
    private const int LargestPage = 200, LongestName = 128;

    /// <summary>Lists the audit trail: what was done, by whom, to whom, from where. The oldest record comes first.</summary>
    /// <param name="filter">Which records.</param>
    /// <param name="limit">How many records are on a page, 1 to 200.</param>
    /// <param name="cancellation">The caller has disconnected.</param>
    /// <response code="200">The page.</response>
    /// <response code="400">`invalid_request`</response>
    [HttpGet("/admin/audit", Name = "listAudit")]
    [ProducesResponseType<AuditReply>(200)]
    public async Task<IActionResult> List([FromQuery] AuditQuery filter, int limit = 50, CancellationToken cancellation = default)
    {
        if (limit is < 1 or > LargestPage || filter.After < 0)
            return this.Problem(ErrorCode.InvalidRequest, $"limit is 1 to {LargestPage}; after is the next of the page before.");
        if (filter.Event is not null && !AuditEvent.IsKnown(filter.Event))
            return this.Problem(ErrorCode.InvalidRequest, "event is none that is recorded; see docs/audit.md.");
        if (!IsName(filter.Subject) || !IsName(filter.Actor))
            return this.Problem(ErrorCode.InvalidRequest, "subject and actor are the sub of an account; actor may be a client's id.");
        if (!TryRead(filter.From, out DateTimeOffset? from) || !TryRead(filter.To, out DateTimeOffset? to))
            return this.Problem(ErrorCode.InvalidRequest, "from and to are moments in UTC, such as 2027-01-31T12:00:00Z.");
        List<AuditRow> found = await trail.ListAsync(
            new AuditFilter
            {
                After = filter.After,
                Event = filter.Event,
                Subject = filter.Subject,
                Actor = filter.Actor,
                From = from,
                To = to,
            }, limit + 1, cancellation);
        List<AuditRow> page = [.. found.Take(limit)];
        return Ok(new AuditReply([.. page.Select(AuditRecordReply.Of)], found.Count > limit ? page[^1].Number : null));
    }

    // No name of ours has a NUL, which not every store takes.
    private static bool IsName(string? text) => text is null
        || (text.Length is > 0 and <= LongestName && !text.Any(character => character is < ' ' or > '~'));

    private static bool TryRead(string? text, out DateTimeOffset? moment)
    {
        moment = AuditMoments.Read(text);
        return text is null || moment is not null;
    }
}

/// <summary>Which records of the trail are asked for.</summary>
internal sealed record AuditQuery
{
    /// <summary>The `next` of the previous page.</summary>
    public long After { get; init; }

    /// <summary>One kind of event.</summary>
    /// <example>session.ended</example>
    public string? Event { get; init; }

    /// <summary>The account that they are about.</summary>
    public string? Subject { get; init; }

    /// <summary>The account or client that did it.</summary>
    public string? Actor { get; init; }

    /// <summary>The earliest moment, in UTC.</summary>
    /// <example>2027-01-31T12:00:00Z</example>
    public string? From { get; init; }

    /// <summary>The moment before which they are, in UTC.</summary>
    /// <example>2027-02-01T00:00:00Z</example>
    public string? To { get; init; }
}

/// <summary>A moment that somebody asks for.</summary>
internal static class AuditMoments
{
    private static readonly string[] Formats =
        ["yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", "yyyy-MM-dd'T'HH:mm'Z'", "yyyy-MM-dd"];

    /// <summary>The moment; <see langword="null"/> if it is not written in one of the forms.</summary>
    public static DateTimeOffset? Read(string? text) => DateTimeOffset.TryParseExact(
        text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset moment) ? moment : null;
}
