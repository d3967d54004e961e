using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using JwtAuth.Server.Configuration;
using Npgsql;

namespace JwtAuth.Server.Storage.Postgres;

/// <summary>
/// The one connection that a process keeps to the server itself: it says which issuer is running, and hears what other processes tell. When
/// it breaks, it is made anew. It brings no denials, so nothing that it misses is lost.
/// </summary>
internal sealed class PostgresListener(NpgsqlConnectionStringBuilder direct) : IAsyncDisposable
{
    public const string Channel = "jwtauth_denials";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private NpgsqlConnection? connection;
    private int issuerNumber;

    /// <summary>Says which issuer this process is.</summary>
    /// <exception cref="ConfigurationFaultException">A process of another issuer is running.</exception>
    public async Task EnterAsync(string issuer)
    {
        issuerNumber = BinaryPrimitives.ReadInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(issuer)));
        connection = await ConnectAsync(CancellationToken.None);
        await using var command = new NpgsqlCommand(string.Create(CultureInfo.InvariantCulture,
            $"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = {Advisory.Issuers}::oid "
            + $"AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND objid <> {(uint)issuerNumber}::oid"),
            connection);
        if ((long)(await command.ExecuteScalarAsync())! > 0)
            throw new ConfigurationFaultException($"JwtAuth:Issuer is {issuer}, and a process with another issuer is using this database; "
                + "give each issuer a database of its own, or stop the other process.");
    }

    /// <summary>Calls <paramref name="heard"/> at each notification, and whenever the connection was made anew.</summary>
    public async Task ListenAsync(Func<News, Task> heard, CancellationToken stopping)
    {
        TimeProvider time = TimeProvider.System; // the server does not share our clock
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                NpgsqlConnection present = connection ??= await ConnectAsync(stopping);
                int told = (int)News.All; // at first, what was told before
                present.Notification += (_, notification) => Interlocked.Or(ref told, ReadNews(notification.Payload));
                await using (var command = new NpgsqlCommand($"LISTEN {Channel}", present))
                    await command.ExecuteNonQueryAsync(stopping);
                while (true)
                {
                    await heard((News)Interlocked.Exchange(ref told, 0));
                    await present.WaitAsync(stopping);
                }
            }
            catch (Exception fault) when (fault is NpgsqlException or IOException or InvalidOperationException)
            {
                await DisposeAsync();
                await Task.Delay(Pause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref connection, null) is { } present)
            await present.DisposeAsync();
    }

    // Nodes of the version before this one say nothing, and mean denials and keys.
    private static int ReadNews(string payload) => int.TryParse(payload, NumberStyles.None, CultureInfo.InvariantCulture, out int what)
        ? what : (int)News.All;

    // The lock is held as long as the session lives, however the process ends.
    private async Task<NpgsqlConnection> ConnectAsync(CancellationToken stopping)
    {
        var made = new NpgsqlConnection(direct.ConnectionString);
        try
        {
            await made.OpenAsync(stopping);
            await using var command = new NpgsqlCommand(string.Create(CultureInfo.InvariantCulture,
                $"SELECT pg_advisory_lock_shared({Advisory.Issuers}, {issuerNumber})"), made);
            await command.ExecuteNonQueryAsync(stopping);
            return made;
        }
        catch
        {
            await made.DisposeAsync();
            throw;
        }
    }
}

/// <summary>
/// Tells the processes that listen what is new. A notification takes a lock of the whole server until its commit is on disk, so it has a
/// transaction of its own, one for all commits of the last moment.
/// </summary>
internal sealed class PostgresTeller(Lazy<NpgsqlDataSource> source)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock guard = new();
    private News untold;
    private Task telling = Task.CompletedTask;
    private bool isTelling;

    public void Tell(News what)
    {
        lock (guard)
        {
            untold |= what;
            if (isTelling)
                return;
            isTelling = true;
            telling = Task.Run(TellAllAsync);
        }
    }

    /// <summary>Waits until all is told, for a moment at most.</summary>
    public Task EndAsync()
    {
        lock (guard)
            return telling.WaitAsync(Patience, TimeProvider.System).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    private async Task TellAllAsync()
    {
        TimeProvider time = TimeProvider.System;
        while (Take() is var what && what != 0)
        {
            try
            {
                await using NpgsqlCommand command = source.Value.CreateCommand(
                    string.Create(CultureInfo.InvariantCulture, $"NOTIFY {PostgresListener.Channel}, '{(int)what}'"));
                await command.ExecuteNonQueryAsync();
            }
            catch (Exception fault) when (fault is NpgsqlException or ObjectDisposedException)
            {
                // Who listens looks by itself a moment later.
            }
            await Task.Delay(Pause, time);
        }
    }

    private News Take()
    {
        lock (guard)
        {
            News what = untold;
            untold = 0;
            isTelling = what != 0;
            return what;
        }
    }
}
