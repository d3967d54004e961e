using JwtAuth.Server.Errors;
using JwtAuth.Server.Observability;
using JwtAuth.Server.Storage;
using Microsoft.AspNetCore.Diagnostics;

namespace JwtAuth.Server.Pipeline;

/// <summary>Answers exceptions. The answer contains nothing of the exception.</summary>
internal sealed class ExceptionResponses(StoreWatch store, ILogger<ExceptionResponses> log) : IExceptionHandler
{
    private const string Soon = "2", WhenMended = "30";

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is OperationCanceledException && httpContext.RequestAborted.IsCancellationRequested)
            return true; // nobody is left to answer

        StoreFault fault = store.FaultOf(exception);
        bool isOfStore = fault is StoreFault.Unwritable or StoreFault.Damaged;
        ErrorCode error = exception switch
        {
            BadHttpRequestException bad => ErrorCode.OfStatus(bad.StatusCode),
            IOException { InnerException: OverflowException } => ErrorCode.InvalidRequest, // how Kestrel reports a bad chunk length
            StorageBusyException => ErrorCode.Busy,
            _ when fault != StoreFault.None => ErrorCode.Busy,
            _ => ErrorCode.ServerError,
        };
        if (isOfStore)
        {
            store.Report(exception);
        }
        else if (error == ErrorCode.ServerError)
        {
            log.RequestFailed(exception);
            if (store.Suspect())
                (isOfStore, error) = (true, ErrorCode.Busy);
        }
        if (error == ErrorCode.Busy)
            httpContext.Response.Headers.RetryAfter = isOfStore ? WhenMended : Soon;
        await Problems.WriteAsync(httpContext, error);
        return true;
    }
}
