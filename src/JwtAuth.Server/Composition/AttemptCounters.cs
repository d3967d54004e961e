using JwtAuth.Server.Clients;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Passwords;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Server.Sealing;

namespace JwtAuth.Server.Composition;

/// <summary>Everybody who counts attempts, and the log that all processes share.</summary>
internal static class AttemptCounters
{
    public static void AddAttempts(this IServiceCollection services)
    {
        services.AddSingleton(provider => new AttemptNames(provider.GetRequiredService<MasterKey>().MacKey("attempts")));
        services.AddSingleton<AttemptLog>();
        services.AddHostedService(provider => provider.GetRequiredService<AttemptLog>());
        services.AddSingleton<GuessingLimit>();
        services.AddSingleton<SharedGuesses>();
        services.AddSingleton<SharedVerifications>();
        services.AddSingleton<RegistrationLimit>();
        services.AddSingleton<WrongTokens>();
        services.AddSingleton<WrongSecrets>();
    }

    /// <summary>Takes over what was counted before. Everybody follows the log before it is read.</summary>
    public static Task BeginAttemptsAsync(this IServiceProvider services)
    {
        services.GetRequiredService<SharedGuesses>();
        services.GetRequiredService<RegistrationLimit>();
        services.GetRequiredService<WrongTokens>();
        services.GetRequiredService<WrongSecrets>();
        return services.GetRequiredService<AttemptLog>().LoadAsync();
    }
}
