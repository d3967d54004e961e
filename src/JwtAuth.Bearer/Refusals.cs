using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Primitives;

namespace JwtAuth.Bearer;

/// <summary>
/// The refusals of one request by all schemes that were asked. Together they make one answer, whatever the order of the schemes, and what
/// schemes of other kinds have put into it stays.
/// </summary>
internal sealed class Refusals
{
    private readonly HttpResponse response;
    private readonly List<string> challenges = [];
    private Refusal? weightiest;

    private Refusals(HttpResponse response) => this.response = response;

    public static Refusals Of(HttpContext context)
    {
        if (context.Features.Get<Refusals>() is not { } refusals)
            context.Features.Set(refusals = new Refusals(context.Response));
        return refusals;
    }

    /// <summary>One more scheme refuses.</summary>
    /// <param name="refusal">What it says.</param>
    /// <param name="challenge">Its challenge. It is not sent with 503: nobody needs another token.</param>
    /// <param name="explains">Whether the answer gets a body that says why.</param>
    public void Add(Refusal refusal, string challenge, bool explains)
    {
        // Somebody's answer is complete already, or another kind of scheme cannot tell.
        if (response.HasStarted || (weightiest?.IsTemporary != true
            && response.StatusCode == StatusCodes.Status503ServiceUnavailable && response.Headers.RetryAfter.Count > 0))
        {
            return;
        }

        bool wasTemporary = weightiest?.IsTemporary == true;
        if (weightiest is null || refusal.Weight > weightiest.Weight)
            weightiest = refusal;
        response.StatusCode = weightiest.Status;
        if (!weightiest.IsTemporary)
        {
            challenges.Add(challenge);
            ChallengeText.Append(response, challenge);
        }
        else if (!wasTemporary)
        {
            response.Headers.RetryAfter = "1";
            response.Headers.WWWAuthenticate = new StringValues([.. response.Headers.WWWAuthenticate.Where(
                present => !challenges.Contains(present!))]);
            response.OnStarting(Insist);
        }
        if (explains)
            response.ContentType = RefusalReason.ContentType;
    }

    /// <summary>Writes the reason, if nothing else was written and the answer still is this one.</summary>
    public async Task ExplainAsync()
    {
        await Insist();
        if (response.HasStarted || weightiest is not { } told || response.ContentType != RefusalReason.ContentType)
            return;
        if (response.StatusCode == told.Status)
            await RefusalReason.WriteAsync(response, told.Code, told.Reason, told.Hint, told.Title);
        else
            response.ContentType = null;
    }

    // A scheme of another kind that was asked later has said 401. But here the token may be good.
    private Task Insist()
    {
        if (!response.HasStarted && weightiest is { IsTemporary: true } && response.StatusCode == StatusCodes.Status401Unauthorized)
            response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return Task.CompletedTask;
    }
}

/// <summary>
/// Writes the reasons when all schemes have been asked. If the first one wrote, the second could not set a header any more.
/// </summary>
internal sealed class RefusalReasons(IHostEnvironment environment) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => !environment.IsDevelopment() ? next : app =>
    {
        app.Use(async (context, following) =>
        {
            await following(context);
            if (context.Features.Get<Refusals>() is { } refusals)
                await refusals.ExplainAsync();
        });
        next(app);
    };
}

/// <summary>Why a request was refused, as a problem document (RFC 9457). Only in Development.</summary>
internal sealed record RefusalReason(string Title, int Status, string Code, string Reason, string Hint)
{
    public const string ContentType = "application/problem+json";

    public static Task WriteAsync(
        HttpResponse response, string code, string reason, string hint, string title = Refusal.UsualTitle) =>
        response.WriteAsJsonAsync(
            new RefusalReason(title, response.StatusCode, code, reason, hint), RefusalJson.Readable.RefusalReason, ContentType);
}

[JsonSerializable(typeof(RefusalReason))]
internal sealed partial class RefusalJson : JsonSerializerContext
{
    /// <summary>People read it, and no page contains it.</summary>
    public static readonly RefusalJson Readable =
        new(new JsonSerializerOptions(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
