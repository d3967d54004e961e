using System.Globalization;
using System.Text;

namespace JwtAuth.Server.PersonalAccessTokens;

/// <summary>The name that an owner gives to a token. People read it, so nothing in it may be invisible or reverse other text.</summary>
internal static class PersonalAccessTokenName
{
    public const int MaximumLength = 64;

    public static bool IsValid(string name) =>
        name.EnumerateRunes().Count() is > 0 and <= MaximumLength
            && name.EnumerateRunes().All(IsPrintable) && !string.IsNullOrWhiteSpace(name);

    private static bool IsPrintable(Rune rune) => rune != Rune.ReplacementChar && Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
