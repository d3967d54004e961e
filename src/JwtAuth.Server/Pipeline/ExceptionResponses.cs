using JwtAuth.Server.Errors;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Pipeline;

/// <summary>Answers exceptions. The answer contains nothing of the exception.</summary>
internal sealed class ExceptionResponses(ILogger<ExceptionResponses> log) : IExceptionHandler
{
    // SQLITE_BUSY and LOCKED: others have been writing for too long.
    private static readonly int[] Contended = [5, 6];

    // SQLITE_READONLY, IOERR, FULL and CANTOPEN: the store cannot be written until somebody repairs it.
    private static readonly int[] Unwritable = [8, 10, 13, 14];

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is OperationCanceledException && httpContext.RequestAborted.IsCancellationRequested)
            return true; // nobody is left to answer

        ErrorCode error = exception switch
        {
            BadHttpRequestException bad => ErrorCode.OfStatus(bad.StatusCode),
            IOException { InnerException: OverflowException } => ErrorCode.InvalidRequest, // how Kestrel reports a bad chunk length
            StorageBusyException => ErrorCode.Busy,
            _ when Is(exception, Contended) || Is(exception, Unwritable) => ErrorCode.Busy,
            _ => ErrorCode.ServerError,
        };
        if (error == ErrorCode.ServerError || Is(exception, Unwritable))
            log.RequestFailed(exception);
        if (error == ErrorCode.Busy)
            httpContext.Response.Headers.RetryAfter = "2";
        await Problems.WriteAsync(httpContext, error);
        return true;
    }

    private static bool Is(Exception exception, int[] codes) =>
        (exception is DbUpdateException ? exception.InnerException : exception) is SqliteException fault
            && codes.Contains(fault.SqliteErrorCode);
}
