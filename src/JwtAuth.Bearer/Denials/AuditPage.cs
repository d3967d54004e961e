namespace JwtAuth.Bearer.Denials;

/// <summary>Where the issuer's audit trail stands.</summary>
internal sealed record AuditPage
{
    /// <summary>
    /// Changes when the operator has said that a backup was put in the database's place. The trail may stand further back then.
    /// </summary>
    public required string Epoch { get; init; }

    /// <summary>The number of its last record. It never falls.</summary>
    public required long Number { get; init; }

    /// <summary>The MAC of its last record, in base64url. It covers all records before it.</summary>
    public required string Head { get; init; }

    /// <summary>What the trail has now in the place that was its head when the cursor was given.</summary>
    public AuditPosition? Before { get; init; }
}

/// <summary>A record of the issuer's audit trail.</summary>
internal sealed record AuditPosition
{
    /// <summary>Its number.</summary>
    public required long Number { get; init; }

    /// <summary>Its MAC, in base64url; empty, if the record is not there any more although it was not deleted by age.</summary>
    public required string Head { get; init; }
}
