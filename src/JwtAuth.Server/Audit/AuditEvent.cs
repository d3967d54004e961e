namespace JwtAuth.Server.Audit;

/// <summary>What the trail records: a closed list. docs/audit.md says of each when it is written.</summary>
internal sealed record AuditEvent
{
    private static readonly List<AuditEvent> Known = [];

    public static readonly AuditEvent LoginSucceeded = new("login.succeeded");
    public static readonly AuditEvent LoginRefused = new("login.refused", AuditOutcome.Refused);
    public static readonly AuditEvent SessionBegan = new("session.began");
    public static readonly AuditEvent SessionEnded = new("session.ended");
    public static readonly AuditEvent TokenEnded = new("token.ended");
    public static readonly AuditEvent RefreshReused = new("refresh.reused", AuditOutcome.Refused);
    public static readonly AuditEvent RefreshAhead = new("refresh.ahead", AuditOutcome.Refused);
    public static readonly AuditEvent PasswordChanged = new("password.changed");
    public static readonly AuditEvent PasswordReset = new("password.reset");
    public static readonly AuditEvent UserCreated = new("user.created");
    public static readonly AuditEvent UserDisabled = new("user.disabled");
    public static readonly AuditEvent UserEnabled = new("user.enabled");
    public static readonly AuditEvent UserLoggedOut = new("user.logged_out");
    public static readonly AuditEvent UserDeleted = new("user.deleted");
    public static readonly AuditEvent RoleChanged = new("role.changed");
    public static readonly AuditEvent PatCreated = new("pat.created");
    public static readonly AuditEvent PatDeleted = new("pat.deleted");
    public static readonly AuditEvent AdminRefused = new("admin.refused", AuditOutcome.Refused);
    public static readonly AuditEvent ClientRefused = new("client.refused", AuditOutcome.Refused);
    public static readonly AuditEvent KeyRotated = new("key.rotated");
    public static readonly AuditEvent KeyRetired = new("key.retired");
    public static readonly AuditEvent KeyRevoked = new("key.revoked");
    public static readonly AuditEvent KeyDiscarded = new("key.discarded");
    public static readonly AuditEvent StorageRestored = new("storage.restored");
    public static readonly AuditEvent AuditExported = new("audit.exported");
    public static readonly AuditEvent AuditPruned = new("audit.pruned");
    public static readonly AuditEvent AuditLost = new("audit.lost", AuditOutcome.Refused);

    private AuditEvent(string name, AuditOutcome? outcome = null)
    {
        (Name, Outcome) = (name, outcome ?? AuditOutcome.Done);
        Known.Add(this);
    }

    public static IReadOnlyList<AuditEvent> All => Known;

    public string Name { get; }

    public AuditOutcome Outcome { get; }

    /// <summary>Whether there is an event of this name.</summary>
    public static bool IsKnown(string name) => Known.Exists(known => known.Name == name);

    public override string ToString() => Name;
}

/// <summary>Whether what was tried was done.</summary>
internal sealed record AuditOutcome
{
    public static readonly AuditOutcome Done = new("done");
    public static readonly AuditOutcome Refused = new("refused");

    private AuditOutcome(string name) => Name = name;

    public string Name { get; }
}

/// <summary>What an event's name leaves open: a closed list of words, so that nothing that anybody typed gets into a record.</summary>
internal sealed record AuditDetail
{
    private static readonly List<AuditDetail> Known = [];

    // How somebody came in.
    public static readonly AuditDetail Password = new("password");
    public static readonly AuditDetail PersonalAccessToken = new("personal_access_token");
    public static readonly AuditDetail SignedCookie = new("signed_cookie");
    public static readonly AuditDetail Basic = new("basic");

    // By what a session goes on.
    public static readonly AuditDetail RefreshToken = new("refresh_token");
    public static readonly AuditDetail Session = new("session");

    // Why a login was refused.
    public static readonly AuditDetail InvalidCredentials = new("invalid_credentials");
    public static readonly AuditDetail TooManyAttempts = new("too_many_attempts");

    // How something ended.
    public static readonly AuditDetail Logout = new("logout");
    public static readonly AuditDetail Deleted = new("deleted");
    public static readonly AuditDetail Revoked = new("revoked");
    public static readonly AuditDetail Replaced = new("replaced");
    public static readonly AuditDetail TooMany = new("too_many");
    public static readonly AuditDetail Others = new("others");
    public static readonly AuditDetail Everywhere = new("everywhere");
    public static readonly AuditDetail All = new("all");

    // How an account came to be, and what was done with a role.
    public static readonly AuditDetail Registered = new("registered");
    public static readonly AuditDetail Added = new("added");
    public static readonly AuditDetail Given = new("given");
    public static readonly AuditDetail Taken = new("taken");

    private AuditDetail(string name)
    {
        Name = name;
        Known.Add(this);
    }

    public static IReadOnlyList<AuditDetail> Words => Known;

    public string Name { get; }

    public override string ToString() => Name;
}
