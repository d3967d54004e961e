using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Sessions;

/// <summary>A session as its owner sees it.</summary>
/// <param name="Row">The row in the store.</param>
/// <param name="EndsAt">When it ends if it is not used again.</param>
internal sealed record Session(SessionRow Row, DateTimeOffset EndsAt);
