namespace JwtAuth.Server.PersonalAccessTokens;

/// <summary>
/// Why a personal access token was refused: a closed list. On the wire both look the same. Only Development tells <paramref name="Reason"/>
/// and <paramref name="Hint"/>.
/// </summary>
internal sealed record PersonalAccessTokenRejection(string Reason, string Hint)
{
    public static readonly PersonalAccessTokenRejection Misspelt = new("misspelt",
        "This is no personal access token: a character is missing, too many or wrong. Send it whole and unchanged, "
            + "from jpat_ to its last letter.");

    public static readonly PersonalAccessTokenRejection NotLiving = new("not_living",
        "This personal access token was deleted, has expired, ended with a new password, "
            + "or its account is disabled or gone. Make another at POST /auth/tokens.");

    public static readonly IReadOnlyList<PersonalAccessTokenRejection> All = [Misspelt, NotLiving];
}
