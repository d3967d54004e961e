namespace JwtAuth.Bearer.Denials;

/// <summary>Where denials come from.</summary>
internal interface IDenialSource
{
    /// <summary>What has been heard.</summary>
    Denylist Denylist { get; }

    /// <summary>Hears at once what is new; afterwards the list is complete, or it could not be heard. Does not throw.</summary>
    Task CatchUpAsync();
}
