using System.Data.Common;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.PersonalAccessTokens;

/// <summary>Finds personal access tokens for those who use them, and notes the use.</summary>
internal sealed class PersonalAccessTokenUses(
    PreparedReads reads, GroupedWrites writes, RowSeals seals, TimeProvider time, ILogger<PersonalAccessTokenUses> log)
{
    private const string ByHash =
        $"""
        SELECT {PersonalAccessTokenRow.Columns}, {AccountSnapshots.Columns}
        FROM "PersonalAccessTokens" t JOIN "AspNetUsers" a ON a."Id" = t."Subject" {AccountSnapshots.Roles}
        WHERE t."Hash" = @hash AND t."ExpiresAt" > @now AND a."DisabledAt" IS NULL
        """;

    // If nobody else has noted a use since it was read.
    private const string Note =
        """
        UPDATE "PersonalAccessTokens" SET "LastUsedAt" = @now WHERE "Id" = @id AND COALESCE("LastUsedAt", 0) = @last
        """;

    private const string Allow =
        """
        UPDATE "PersonalAccessTokens" SET "LastUsedAt" = @now,
            "TokensUntil" = CASE WHEN "TokensUntil" > @ahead THEN "TokensUntil" ELSE @ahead END
        WHERE "Id" = @id
        """;

    // A use is written down no more often than this.
    private static readonly TimeSpan UseResolution = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Whether a token is good now, and what it allows. All checks use this rule, which reads the store once. A token that is not
    /// well-formed is not looked up.
    /// </summary>
    public async Task<PersonalAccess?> FindAsync(PersonalAccessToken token, CancellationToken cancellation = default) =>
        token.IsWellFormed && await reads.AskAsync(
            ByHash, ReadAsync, cancellation, ("@hash", token.Hash()), ("@now", time.GetUtcNow().ToStored())) is var (own, owner)
            && seals.Believes(own)
            ? new PersonalAccess(own.Id, owner, own.Scope, own.CreatedAt, own.ExpiresAt, own.LastUsedAt) { TokensUntil = own.TokensUntil }
            : null;

    /// <summary>
    /// Asked before an access token is made. Whoever ends the personal access token sees in its row whether access tokens may be alive that
    /// were made from it, and denies them. So the row says it before the first is signed.
    /// </summary>
    /// <param name="access">What the store said of the personal access token.</param>
    /// <param name="until">The <c>exp</c> of the access token, if the personal access token does not end before.</param>
    /// <returns>Whether it may be made: not if the personal access token has ended meanwhile.</returns>
    public async Task<bool> AllowAccessTokenAsync(PersonalAccess access, DateTimeOffset until)
    {
        DateTimeOffset expiry = access.ExpiresAt < until ? access.ExpiresAt : until;
        if (access.TokensUntil is null || access.TokensUntil >= expiry)
        {
            await NoteUseAsync(access); // the row said it when it was read, so whoever has ended it since has denied this one
            return true;
        }
        DateTimeOffset ahead = expiry + UseResolution; // the row need not change for each
        return await writes.RunAsync(Urgency.Usual, access.Account.Subject, writer => writer.ExecuteAsync(
            Allow, ("@now", time.GetUtcNow().ToStored()), ("@ahead", ahead.ToStored()), ("@id", access.Id))) == 1;
    }

    /// <summary>
    /// Writes down that a token is used now, unless that was done a moment ago. If the store cannot be written, the use is still good.
    /// </summary>
    public async Task NoteUseAsync(PersonalAccess access)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (access.LastUsedAt is { } last && (now - last).Duration() < UseResolution)
            return;
        try
        {
            await writes.NoteAsync($"personal access token {access.Id}", access.Account.Subject, writer => writer.ExecuteAsync(
                Note, ("@now", now.ToStored()), ("@id", access.Id), ("@last", access.LastUsedAt?.ToStored() ?? 0L)));
        }
        catch (Exception fault) when (fault is DbException or StorageBusyException)
        {
            log.PersonalAccessTokenUseNotNoted(fault, access.Id);
        }
    }

    private static async Task<(PersonalAccessTokenRow Token, AccountSnapshot Owner)?> ReadAsync(DbDataReader reader)
    {
        if (!await reader.ReadAsync())
            return null;
        PersonalAccessTokenRow token = PersonalAccessTokenRow.Read(reader);
        return (token, (await AccountSnapshots.ReadAsync(reader, PersonalAccessTokenRow.ColumnCount)).Account);
    }
}
