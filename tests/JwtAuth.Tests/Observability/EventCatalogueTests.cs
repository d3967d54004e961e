using System.Globalization;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.Storage;
using JwtAuth.Tests.Hosting;
using Microsoft.Extensions.Logging;

namespace JwtAuth.Tests.Observability;

/// <summary>The events of the compiled assemblies, and the page that lists them.</summary>
public sealed partial class EventCatalogueTests
{
    private static readonly Assembly[] Ours = [typeof(Db).Assembly, typeof(TokenValidator).Assembly];

    private sealed record Event(int Number, string Level, string Name);

    [Fact]
    public void Every_event_is_in_the_page_by_its_number_level_and_name_and_the_page_has_no_other()
    {
        Event[] coded = [.. Ours.SelectMany(EventsOf)], listed = Listed(File.ReadAllText(Path.Combine(Repository.Root, "docs/events.md")));

        coded.Should().HaveCountGreaterThan(55);
        Faults(coded, listed).Should().BeEmpty();
    }

    [Fact]
    public void A_number_that_is_used_twice_an_event_that_is_not_listed_and_one_that_is_not_there_are_found()
    {
        Event one = new(1, "Error", "One"), other = new(1, "Error", "Other"), two = new(2, "Warning", "Two");

        Faults([one, two], [one, two]).Should().BeEmpty();
        Faults([one, other], [one, other]).Should().Equal("1 is used twice", "1 is listed twice");
        Faults([one, two], [one]).Should().Equal("2 Warning Two is not listed");
        Faults([one], [one, two]).Should().Equal("2 Warning Two is not in the code");
        Faults([one], [one with { Level = "Warning" }])
            .Should().Equal("1 Error One is not listed", "1 Warning One is not in the code");
        Listed("| 7 | Error | `Seven` | meaning | remedy |\n| 8 | Error | `Eight` | | |").Should().Equal(new Event(7, "Error", "Seven"));
    }

    /// <summary>Otherwise a line would have no number.</summary>
    [Fact]
    public void Nothing_is_logged_but_by_the_catalogue()
    {
        foreach (Assembly assembly in Ours)
            CallsOf(assembly, nameof(LoggerExtensions)).Should().NotContain(name => name.StartsWith("Log", StringComparison.Ordinal));
        CallsOf(typeof(EventCatalogueTests).Assembly, nameof(LoggerExtensions)).Should().Contain("LogInformation", "it would be seen");
        NullLine(Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);

#pragma warning disable CA1848 // planted
        static void NullLine(ILogger log) => log.LogInformation("planted");
#pragma warning restore CA1848
    }

    private static IEnumerable<Event> EventsOf(Assembly assembly) =>
        from type in assembly.GetTypes()
        from method in type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic
            | BindingFlags.DeclaredOnly)
        let line = method.GetCustomAttribute<LoggerMessageAttribute>()
        where line is not null
        select new Event(line.EventId, line.Level.ToString(), line.EventName ?? method.Name);

    // With a meaning and something to do.
    private static Event[] Listed(string page) =>
    [
        .. Row().Matches(page).Select(row => new Event(
            int.Parse(row.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture), row.Groups[2].Value, row.Groups[3].Value)),
    ];

    private static IEnumerable<string> Faults(Event[] coded, Event[] listed) =>
    [
        .. Twice(coded).Select(number => $"{number} is used twice"),
        .. Twice(listed).Select(number => $"{number} is listed twice"),
        .. coded.Except(listed).Select(line => $"{line.Number} {line.Level} {line.Name} is not listed"),
        .. listed.Except(coded).Select(line => $"{line.Number} {line.Level} {line.Name} is not in the code"),
    ];

    private static IEnumerable<int> Twice(Event[] events) =>
        events.GroupBy(line => line.Number).Where(group => group.Count() > 1).Select(group => group.Key);

    // Which methods of a type an assembly refers to.
    private static List<string> CallsOf(Assembly assembly, string type)
    {
        using var file = new PEReader(File.OpenRead(assembly.Location));
        MetadataReader reader = file.GetMetadataReader();
        List<string> names = [];
        foreach (MemberReferenceHandle handle in reader.MemberReferences)
        {
            MemberReference member = reader.GetMemberReference(handle);
            if (member.Parent.Kind == HandleKind.TypeReference
                && reader.GetString(reader.GetTypeReference((TypeReferenceHandle)member.Parent).Name) == type)
                names.Add(reader.GetString(member.Name));
        }
        return names;
    }

    [GeneratedRegex(@"^\| (\d+) \| (\w+) \| `(\w+)` \| [^|\s][^|]* \| [^|\s][^|]* \|\s*$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
