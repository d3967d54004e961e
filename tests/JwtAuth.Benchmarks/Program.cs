using System.CommandLine;
using JwtAuth.Benchmarks;

var root = new RootCommand(
    """
    Figures about JwtAuth, never part of the tests: they need a quiet machine.

      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- timing
      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- timing --pairs 200 --macs 5000
      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- denials
      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- tokens

    Each verb prints what it measured and exits 1 when the figure is not what it must be.
    """)
{
    TimingVerb.Create(),
    DenialsVerb.Create(),
    TokensVerb.Create(),
};
return await root.Parse(args).InvokeAsync();
