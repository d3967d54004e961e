using System.Text.Json;

namespace JwtAuth.Benchmarks.Rivals;

/// <summary>What each that can is asked to do.</summary>
internal enum Operation
{
    /// <summary>Name and password, for an access token and what brings the next one.</summary>
    Login,

    /// <summary>The next access token.</summary>
    Refresh,

    /// <summary>Who somebody is, at an endpoint of its own.</summary>
    Check,

    /// <summary>Whether a token is good now (RFC 7662).</summary>
    Introspection,

    /// <summary>A token for a program (RFC 6749 §4.4).</summary>
    ClientCredentials,
}

/// <summary>What a login brought.</summary>
/// <param name="Access">What is shown at each request.</param>
/// <param name="Refresh">What brings the next one.</param>
internal sealed record Held(string Access, string Refresh);

/// <summary>One of those that are compared: how it is started, and what is sent to it.</summary>
/// <param name="name">What it is called in the figures.</param>
internal abstract class Contender(string name)
{
    protected const string Password = "a quiet harbour at dawn", Client = "benchmark", ClientSecret = "q8ZrT2mW5xN7vB4kL9pD3sF6hJ1gY0cA";

    public string Name => name;

    /// <summary>How it keeps a password, and whether a refresh is on disk before it is answered.</summary>
    public abstract string Remark { get; }

    /// <summary>The path that answers 200 to everybody.</summary>
    public virtual string ReadyPath => "health";

    /// <summary>What its start has to answer by 200: that a token from before is good.</summary>
    public virtual byte[] FirstRequest(Held held) => RequestOf(Operation.Check, 0, held)!;

    /// <summary>Starts it on its database, which is made when there is none, and waits for nothing.</summary>
    public abstract ServiceProcess Begin();

    /// <returns><see langword="null"/> if it can do without.</returns>
    public abstract byte[]? Register(int person);

    /// <summary>The request whose answer <see cref="HeldOf"/> reads.</summary>
    public virtual byte[] Enter(int person) => RequestOf(Operation.Login, person, new Held("", ""))!;

    /// <returns><see langword="null"/> if it has no such thing.</returns>
    public abstract byte[]? RequestOf(Operation operation, int person, Held held);

    public virtual Held HeldOf(JsonElement reply) =>
        new(reply.GetProperty("access_token").GetString()!, reply.GetProperty("refresh_token").GetString()!);

    /// <summary>What somebody holds after a refresh.</summary>
    public virtual Held Refreshed(Held held, JsonElement reply) => HeldOf(reply);

    /// <summary>Makes somebody, and logs in.</summary>
    public Held Prepare(HttpConnection connection, int person)
    {
        if (Register(person) is { } request)
            connection.Exchange(request);
        return HeldOf(Parse(connection.Exchange(Enter(person))));
    }

    public static JsonElement Parse(ReadOnlyMemory<byte> body)
    {
        var reader = new Utf8JsonReader(body.Span);
        return JsonElement.ParseValue(ref reader);
    }
}
