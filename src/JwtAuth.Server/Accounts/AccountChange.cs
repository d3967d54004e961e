namespace JwtAuth.Server.Accounts;

/// <summary>The outcome of a change to an account.</summary>
internal enum AccountChange
{
    Done,
    NotFound,

    /// <summary>Refused: the caller's credential has ended, or the caller is no longer an administrator.</summary>
    NotStanding,

    /// <summary>Refused: the password that was checked is no longer the account's password.</summary>
    PasswordOutdated,

    /// <summary>Refused: the role <c>admin</c> would be left without an enabled account.</summary>
    LastAdministrator,

    /// <summary>Refused: the account already has as many roles as fit into a token.</summary>
    TooManyRoles,

    /// <summary>Refused: there is an account of that name, in any letter case.</summary>
    NameTaken,
}
