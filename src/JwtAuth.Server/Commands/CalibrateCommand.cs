using System.CommandLine;
using System.Globalization;
using JwtAuth.Server.Guessing;
using JwtAuth.Server.Passwords;

namespace JwtAuth.Server.Commands;

/// <summary><c>calibrate</c>: what a login costs on this machine, and which limits fit that.</summary>
internal static class CalibrateCommand
{
    public static Command Create()
    {
        var seconds = new Option<double>("--seconds")
        {
            Description =
                "How long each work factor is measured, once for one hash at a time and once for as many as may be computed at once",
            DefaultValueFactory = _ => 2,
        };
        seconds.Validators.Add(result =>
        {
            bool isNumber = double.TryParse(result.Tokens.SingleOrDefault()?.Value, CultureInfo.InvariantCulture, out double asked);
            if (!result.Implicit && (!isNumber || asked is not (>= 0 and <= 60)))
                result.AddError("--seconds is a number from 0 to 60");
        });
        var calibrate = new Command("calibrate", "Measures bcrypt on this machine and says how many logins a second that allows, "
            + "and which limits fit. Run it where the service runs, while nothing else does.")
        {
            seconds,
        };
        calibrate.SetAction(parsed => CommandLine.WithServiceAsync(
            services => RunAsync(services, TimeSpan.FromSeconds(parsed.GetValue(seconds))), prepares: false));
        return calibrate;
    }

    private static async Task<int> RunAsync(IServiceProvider services, TimeSpan duration)
    {
        HashingSettings limits = services.GetRequiredService<HashingSettings>();
        int workFactor = services.GetRequiredService<PasswordSettings>().WorkFactor, atOnce = limits.MaxConcurrentHashes;
        Console.WriteLine($"processors {Environment.ProcessorCount}, JwtAuth:Passwords:MaxConcurrentHashes {atOnce}");
        Console.WriteLine("WorkFactor  one hash  logins/s");
        List<HashingCost> costs = [];
        foreach (int factor in Calibration.WorkFactors)
        {
            HashingCost cost = await Calibration.MeasureAsync(factor, atOnce, duration, services.GetRequiredService<TimeProvider>());
            costs.Add(cost);
            string mark = factor == workFactor ? "  configured" : "";
            Console.WriteLine($"{factor,10}  {Calibration.Text(cost.Alone),8}  {cost.LoginsPerSecond,8:0.0}{mark}");
        }
        string[] advice = [.. Calibration.Advise(costs, workFactor, limits)];
        foreach (string line in advice)
            Console.WriteLine($"advice: {line}");
        if (advice.Length == 0)
            Console.WriteLine("what is configured fits this machine");
        return 0;
    }
}
