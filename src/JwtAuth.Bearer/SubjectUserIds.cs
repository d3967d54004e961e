using System.Security.Claims;
using JwtAuth.Bearer.AccessTokens;
using Microsoft.AspNetCore.SignalR;

namespace JwtAuth.Bearer;

/// <summary>
/// Who a connection to a SignalR hub belongs to: <c>sub</c>, if the token is of the issuer of the scheme <c>Bearer</c>. Another issuer may
/// give the same <c>sub</c> to somebody else, who would then get messages that are not for him. Other identities are named as SignalR
/// names them.
/// </summary>
internal sealed class SubjectUserIds(Func<string> issuer) : IUserIdProvider
{
    public string? GetUserId(HubConnectionContext connection) => AccessToken.Of(connection.User) is { } token
        ? token.Issuer == issuer() ? token.Subject : null
        : connection.User.FindFirst(ClaimTypes.NameIdentifier)?.Value;
}
