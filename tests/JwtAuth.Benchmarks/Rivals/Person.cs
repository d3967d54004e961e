using System.Text;

namespace JwtAuth.Benchmarks.Rivals;

/// <summary>Somebody who asks a contender for the same thing again and again; who refreshes goes on with what came last.</summary>
internal sealed class Person : ICaller
{
    private readonly HttpConnection connection;
    private readonly Contender contender;
    private readonly Operation operation;
    private readonly int number;
    private Held held;
    private byte[] request;

    /// <exception cref="InvalidOperationException">The contender does not do what it is asked.</exception>
    public Person(Uri address, Contender contender, Operation operation, int number, Held held)
    {
        (this.contender, this.operation, this.number, this.held) = (contender, operation, number, held);
        connection = new HttpConnection(address);
        request = contender.RequestOf(operation, number, held)!;
        ReadOnlyMemory<byte> reply = connection.Exchange(request);
        if (operation == Operation.Introspection && !Contender.Parse(reply).GetProperty("active").GetBoolean())
            throw new InvalidOperationException($"{contender.Name} does not take its own token for good");
        GoOn();
    }

    /// <summary>What was answered instead, the last time; empty if nothing was.</summary>
    public string Fault { get; private set; } = "";

    public void Ask() => connection.Send(request);

    public bool Hear()
    {
        connection.Receive();
        if (connection.Status == 200)
        {
            GoOn();
            return true;
        }
        Fault = $"{connection.Status} {Encoding.UTF8.GetString(connection.Body.Span)}";
        return false;
    }

    public void Dispose() => connection.Dispose();

    private void GoOn()
    {
        if (operation != Operation.Refresh)
            return;
        held = contender.Refreshed(held, Contender.Parse(connection.Body));
        request = contender.RequestOf(operation, number, held)!;
    }
}
