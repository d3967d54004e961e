using JwtAuth.Server.Errors;
using JwtAuth.Server.Observability;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace JwtAuth.Server.Http;

/// <summary>What an exception looks like from outside: nothing of itself.</summary>
internal sealed class ExceptionResponses(ILogger<ExceptionResponses> log) : IExceptionHandler
{
    private const int SqliteBusy = 5;
    private const int SqliteLocked = 6;

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is OperationCanceledException && httpContext.RequestAborted.IsCancellationRequested)
            return true; // nobody is there to answer

        ErrorCode error = exception switch
        {
            BadHttpRequestException bad => ErrorCode.OfStatus(bad.StatusCode),
            IOException { InnerException: OverflowException } => ErrorCode.InvalidRequest, // a chunk's length, as Kestrel says it
            _ when IsContention(exception) => ErrorCode.Busy,
            _ => ErrorCode.ServerError,
        };
        if (error == ErrorCode.ServerError)
            log.RequestFailed(exception);
        if (error == ErrorCode.Busy)
            httpContext.Response.Headers.RetryAfter = "2";
        await Problems.WriteAsync(httpContext, error);
        return true;
    }

    private static bool IsContention(Exception exception) =>
        (exception is DbUpdateException ? exception.InnerException : exception) is SqliteException { SqliteErrorCode: SqliteBusy or SqliteLocked };
}
