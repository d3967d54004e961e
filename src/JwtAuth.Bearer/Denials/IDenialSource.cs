namespace JwtAuth.Bearer.Denials;

/// <summary>Where denials come from.</summary>
internal interface IDenialSource
{
    /// <summary>The denials that were heard so far.</summary>
    Denylist Denylist { get; }

    /// <summary>Why the source is out of reach, for developers; <see langword="null"/> if it is not, or does not say.</summary>
    string? Fault => null;

    /// <summary>Gets what is new at once. Afterwards the list is complete, or the source was out of reach. Does not throw.</summary>
    Task CatchUpAsync();
}
