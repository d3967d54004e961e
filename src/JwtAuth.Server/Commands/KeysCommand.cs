using System.CommandLine;
using System.Globalization;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Sealing;
using JwtAuth.Server.SigningKeys;
using JwtAuth.Server.Storage;

namespace JwtAuth.Server.Commands;

/// <summary><c>keys list | rotate | retire KID | revoke KID | import FILE | discard | drill</c>: the ring of signing keys.</summary>
internal static class KeysCommand
{
    public static Command Create()
    {
        var now = new Option<bool>("--now")
        {
            Description = "Sign with it at once, instead of publishing it first for JwtAuth:SigningKeys:PublishAhead",
        };

        var list = new Command("list", "Lists the keys: kid, algorithm, state, since when");
        list.SetAction(_ => CommandLine.WithServiceAsync(ListAsync));

        var rotate =
            new Command("rotate", "Makes a new signing key; the present one goes on verifying until its last token has expired") { now };
        rotate.SetAction(parsed => CommandLine.WithServiceAsync(services =>
            AddAsync(services, SigningKey.Generate(services.GetRequiredService<SigningKeySettings>().Algorithm), parsed.GetValue(now))));

        var keyId = new Argument<string>("KID");
        var retire = new Command(
            "retire", "Ends a key's signing at once, as a matter of routine: its live tokens stay good until they expire") { keyId };
        retire.SetAction(parsed => CommandLine.WithServiceAsync(services => RetireAsync(services, parsed.GetRequiredValue(keyId))));

        var revoke = new Command(
            "revoke", "Ends a key that somebody else may have, and at once every token that it signed; a successor signs") { keyId };
        revoke.SetAction(parsed => CommandLine.WithServiceAsync(services => RevokeAsync(services, parsed.GetRequiredValue(keyId))));

        var file = new Argument<FileInfo>("FILE") { Description = "A private key: PEM (PKCS #8, PKCS #1, SEC 1) or one JWK" };
        var import = new Command("import", "Brings a key of your own") { file, now };
        import.SetAction(
            parsed => CommandLine.WithServiceAsync(services => ImportAsync(services, parsed.GetRequiredValue(file), parsed.GetValue(now))));

        var discard = new Command("discard", "Deletes the rows that this service did not write, and does not use");
        discard.SetAction(_ => CommandLine.WithServiceAsync(DiscardAsync));

        var rounds = new Option<int>("--rounds") { Description = "How many rotations", DefaultValueFactory = _ => 3 };
        var within = new Option<int>("--within") { Description = "Seconds that the APIs have each time", DefaultValueFactory = _ => 30 };
        var drill = new Command(
            "drill", "Rotates some times in a row, and proves that each API on the feed holds the next key before it signs")
        { rounds, within };
        drill.SetAction(parsed => CommandLine.WithServiceAsync(services => ActivatorUtilities.CreateInstance<KeyDrill>(services)
            .RunAsync(Math.Max(1, parsed.GetValue(rounds)), TimeSpan.FromSeconds(Math.Max(1, parsed.GetValue(within))))));

        return new Command("keys", "Signing keys") { list, rotate, retire, revoke, import, discard, drill };
    }

    private static async Task<int> ListAsync(IServiceProvider services)
    {
        DateTimeOffset now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        foreach (SigningKeyRow row in await services.GetRequiredService<SigningKeyStore>().ListAsync())
        {
            (string state, DateTimeOffset since) =
                row.RevokedAt is { } revokedAt ? ("revoked", revokedAt)
                : row.RetiredAt is { } retiredAt ? ("retired", retiredAt)
                : (row.SignsFrom > now ? "announced" : "signs", row.SignsFrom);
            Console.WriteLine($"{row.KeyId} {row.Algorithm} {state} "
                + $"{since.ToString("u", CultureInfo.InvariantCulture)}{(row.ForApisOnly ? " shared with APIs" : "")}");
        }
        foreach (SigningKeyRow row in await services.GetRequiredService<SigningKeyStore>().ListNotBelievedAsync())
            Console.WriteLine($"{RowSeals.Printable(row.KeyId)} not used: this service did not write it, see: keys discard");
        return 0;
    }

    private static async Task<int> AddAsync(IServiceProvider services, SigningKey key, bool now)
    {
        if ((await services.GetRequiredService<SigningKeyStore>().ListNotBelievedAsync()).Exists(row => row.KeyId == key.KeyId))
            return CommandLine.Fail("the database has a row with this kid that this service did not write; see: keys list, keys discard");
        KeySchedule schedule = services.GetRequiredService<KeySchedule>();
        DateTimeOffset today = services.GetRequiredService<TimeProvider>().GetUtcNow();
        DateTimeOffset signsFrom = now ? today : today + services.GetRequiredService<SigningKeySettings>().PublishAhead;
        (SigningKeyRow? added, List<SigningKeyRow> replaced) = await services.GetRequiredService<SigningKeyStore>().ChangeAsync(ring =>
        {
            List<SigningKeyRow> announced = ring.FindAll(row => row.RetiredAt is null && row.SignsFrom > today);
            bool isNew = schedule.TryAdd(ring, key, signsFrom);
            return (isNew ? ring.Find(row => row.KeyId == key.KeyId) : null, announced.FindAll(row => !ring.Contains(row)));
        });
        if (added is null)
            return CommandLine.Fail("this key is in the ring already, or was revoked; see: keys list");
        Console.WriteLine($"{added.KeyId} {added.Algorithm} signs from {added.SignsFrom.ToString("u", CultureInfo.InvariantCulture)}");
        foreach (SigningKeyRow row in replaced)
            Console.WriteLine($"{row.KeyId} was announced and never signed; it gives way");
        return 0;
    }

    private static async Task<int> RetireAsync(IServiceProvider services, string keyId)
    {
        KeySchedule schedule = services.GetRequiredService<KeySchedule>();
        if (!await services.GetRequiredService<SigningKeyStore>().ChangeAsync(ring => schedule.Retire(ring, keyId)))
            return CommandLine.Fail("no key with this kid signs or is announced; see: keys list");
        Console.WriteLine($"{keyId} retired");
        return 0;
    }

    private static async Task<int> RevokeAsync(IServiceProvider services, string keyId)
    {
        KeySchedule schedule = services.GetRequiredService<KeySchedule>();
        SigningKeyRow? revoked = await services.GetRequiredService<SigningKeyStore>().ChangeAsync(ring =>
            schedule.Revoke(ring, keyId) ? ring.Find(row => row.KeyId == keyId) : null);
        if (revoked is null)
            return CommandLine.Fail("no key with this kid is in the ring, or it was revoked before; see: keys list");
        Console.WriteLine($"{keyId} revoked: the service takes nothing that it signed from now on");
        if (revoked.ForApisOnly)
            Console.WriteLine("it is the secret that APIs share: set a new JwtAuth:SigningKeys:Hs256Secret for the service and for them, "
                + "and start them again");
        else if (!services.GetRequiredService<DenylistSettings>().Enabled)
            Console.WriteLine("JwtAuth:Denylist:Enabled is false: other APIs go on taking its tokens until they have read the JWKS again");
        return 0;
    }

    private static async Task<int> DiscardAsync(IServiceProvider services)
    {
        Console.WriteLine($"discarded: {await services.GetRequiredService<SigningKeyStore>().DiscardNotBelievedAsync()}");
        return 0;
    }

    private static async Task<int> ImportAsync(IServiceProvider services, FileInfo file, bool now)
    {
        if (!file.Exists)
            return CommandLine.Fail($"there is no file {file.FullName}");
        SigningKeySettings settings = services.GetRequiredService<SigningKeySettings>();
        if (KeyImport.Read(await File.ReadAllTextAsync(file.FullName), settings.Algorithm, out string fault) is not { } key)
            return CommandLine.Fail(fault);
        return await AddAsync(services, key, now);
    }
}
