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
    public async Task ListenAsync(Func<Task> heard, CancellationToken stopping)
    {
        TimeProvider time = TimeProvider.System; // the server does not share our clock
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                NpgsqlConnection present = connection ??= await ConnectAsync(stopping);
                await using (var command = new NpgsqlCommand($"LISTEN {Channel}", present))
                    await command.ExecuteNonQueryAsync(stopping);
                while (true)
                {
                    await heard(); // at first, what was told before
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
/// Tells the processes that listen that there are new denials. A notification takes a lock of the whole server until its commit is on disk,
/// so it has a transaction of its own, one for all commits of the last moment.
/// </summary>
internal sealed class PostgresTeller(Lazy<NpgsqlDataSource> source)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly Lock guard = new();
    private bool isTelling, hasMore;

    public void Tell()
    {
        lock (guard)
        {
            hasMore = isTelling;
            if (isTelling)
                return;
            isTelling = true;
        }
        _ = Task.Run(TellAllAsync);
    }

    private async Task TellAllAsync()
    {
        TimeProvider time = TimeProvider.System;
        bool goesOn = true;
        while (goesOn)
        {
            try
            {
                await using NpgsqlCommand command = source.Value.CreateCommand($"NOTIFY {PostgresListener.Channel}");
                await command.ExecuteNonQueryAsync();
            }
            catch (Exception fault) when (fault is NpgsqlException or ObjectDisposedException)
            {
                // Who listens looks by itself a moment later.
            }
            await Task.Delay(Pause, time);
            lock (guard)
            {
                (goesOn, hasMore) = (hasMore, false);
                isTelling = goesOn;
            }
        }
    }
}
