using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Composition;

/// <summary>
/// Makes EF Core's model once the service listens. Nothing at the start needs it, and the first registration would wait for it.
/// </summary>
internal sealed class ModelWarmUp(IServiceScopeFactory scopes, IHostApplicationLifetime lifetime) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration started = lifetime.ApplicationStarted.Register(() => listening.TrySetResult());
        await using CancellationTokenRegistration stopping = stoppingToken.Register(() => listening.TrySetCanceled(stoppingToken));
        await listening.Task;
        await using AsyncServiceScope scope = scopes.CreateAsyncScope();
        _ = scope.ServiceProvider.GetRequiredService<Db>().Model;
    }
}
