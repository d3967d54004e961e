using System.CommandLine;
using JwtAuth.Benchmarks;

var root = new RootCommand(
    """
    Figures about JwtAuth, never part of the tests: they need a quiet machine.

      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- timing
      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- timing --pairs 200 --macs 5000
      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- denials
      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- tokens
      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- seen
      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- http
      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- logout
      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- credentials
      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- refresh
      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- refresh --beside /another/build/JwtAuth.Server.dll
      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- crowd
      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- lane
      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- sweep
      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- storm
      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- log
      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- rivals
      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- start
      dotnet run -c Release --project tests/JwtAuth.Benchmarks -- report

    Each verb prints what it measured and exits 1 when a figure is not what it must be. The last one runs them and writes
    docs/performance.md.
    """)
{
    TimingVerb.Create(),
    DenialsVerb.Create(),
    TokensVerb.Create(),
    SeenVerb.Create(),
    HttpVerb.Create(),
    LogoutVerb.Create(),
    CredentialsVerb.Create(),
    RefreshVerb.Create(),
    CrowdVerb.Create(),
    LaneVerb.Create(),
    SweepVerb.Create(),
    StormVerb.Create(),
    LogVerb.Create(),
    RivalsVerb.Create(),
    StartVerb.Create(),
    ReportVerb.Create(),
    ServeVerb.Create(),
};
// What breaks off ends otherwise than what misses its mark.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
