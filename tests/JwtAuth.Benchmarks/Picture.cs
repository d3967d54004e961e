using System.Globalization;
using System.Security;
using System.Text;

namespace JwtAuth.Benchmarks;

/// <summary>A value as a bar.</summary>
/// <param name="Label">What it is the value of.</param>
/// <param name="Value">Its median, and between what the rounds lay.</param>
/// <param name="IsOurs">Whether the bar is one of this product's.</param>
/// <param name="Wanted">Where it is wanted to end, if that was said.</param>
internal sealed record Bar(string Label, Spread Value, bool IsOurs, double? Wanted = null);

/// <summary>Bars that belong together.</summary>
internal sealed record BarGroup(string Title, IReadOnlyList<Bar> Bars);

/// <summary>A picture of bars as SVG, without fonts of its own, in the colours that the reader prefers.</summary>
internal sealed record Picture(string FileName, string Title, string Unit, IReadOnlyList<BarGroup> Groups)
{
    private const int Width = 760, Left = 250, Right = 90, BarHeight = 18, Step = 26, GroupStep = 34, Top = 44;

    private const string Style =
        """
        <style>
        text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600;font-size:15px}.group{font-weight:600}.quiet{fill:#59636e}
        .ours{fill:#2f6fdb}.other{fill:#9aa4af}.spread{stroke:#1f2328;stroke-width:1.5}
        .wanted{stroke:#c7371f;stroke-width:2;stroke-dasharray:3 2}
        @media(prefers-color-scheme:dark){
        text{fill:#e6edf3}.quiet{fill:#9aa4af}.ours{fill:#5b9bff}.other{fill:#6b7580}.spread{stroke:#e6edf3}.wanted{stroke:#ff8a70}
        }
        </style>
        """;

    public string ToSvg()
    {
        double most = Groups.SelectMany(group => group.Bars).Max(bar => Math.Max(bar.Value.Most, bar.Wanted ?? 0));
        double scale = (Width - Left - Right) / most;
        int height = Top + Groups.Sum(group => GroupStep + (Step * group.Bars.Count)) + 8;
        var svg = new StringBuilder();
        string size = $"viewBox=\"0 0 {Width} {height}\" width=\"{Width}\" height=\"{height}\"";
        Write(svg, $"""<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{Escape(Title)}">""");
        svg.Append(Style).Append('\n');
        Write(svg, $"""<text class="title" x="8" y="22">{Escape(Title)}</text>""");
        int y = Top;
        foreach (BarGroup group in Groups)
        {
            Write(svg, $"""<text class="group" x="8" y="{y + 16}">{Escape(group.Title)}</text>""");
            y += GroupStep - 8;
            foreach (Bar bar in group.Bars)
            {
                Draw(svg, bar, y, scale);
                y += Step;
            }
            y += 8;
        }
        return svg.Append("</svg>\n").ToString();
    }

    private void Draw(StringBuilder svg, Bar bar, int y, double scale)
    {
        int middle = y + (BarHeight / 2), baseline = y + 14;
        Write(svg, $"""<text class="quiet" x="{Left - 8}" y="{baseline}" text-anchor="end">{Escape(bar.Label)}</text>""");
        (string kind, double width) = (bar.IsOurs ? "ours" : "other", bar.Value.Median * scale);
        Write(svg, $"""<rect class="{kind}" x="{Left}" y="{y}" width="{width:F1}" height="{BarHeight}" rx="2"/>""");
        if (bar.Value.Most > bar.Value.Least)
            DrawLine("spread", bar.Value.Least, bar.Value.Most, middle, middle);
        if (bar.Wanted is { } wanted)
            DrawLine("wanted", wanted, wanted, y - 3, y + BarHeight + 3);
        double end = Left + (Math.Max(bar.Value.Most, bar.Wanted ?? 0) * scale) + 6;
        Write(svg, $"""<text x="{end:F1}" y="{baseline}">{Escape($"{Findings.Text(bar.Value.Median)}{Unit}")}</text>""");

        void DrawLine(string named, double from, double to, int top, int bottom)
        {
            double start = Left + (from * scale), stop = Left + (to * scale);
            Write(svg, $"""<line class="{named}" x1="{start:F1}" x2="{stop:F1}" y1="{top}" y2="{bottom}"/>""");
        }
    }

    private static void Write(StringBuilder svg, FormattableString line) =>
        svg.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static string Escape(string text) => SecurityElement.Escape(text);
}
