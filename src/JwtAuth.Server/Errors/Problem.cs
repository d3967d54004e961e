using System.Text.Json.Serialization;

namespace JwtAuth.Server.Errors;

/// <summary>An error on the wire (RFC 9457 §3).</summary>
/// <param name="Title" example="The request is malformed.">For people: always the same for a code.</param>
/// <param name="Status" example="400">The status of the reply.</param>
/// <param name="Code" example="invalid_request">
/// For programs. It never changes its meaning, but others may be added. In Development a refused bearer token has `invalid_token`.
/// </param>
/// <param name="Detail">For people: what is wrong with this request. It repeats no value of it.</param>
internal sealed record Problem(
    string Title, int Status, string Code,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Detail = null)
{
    /// <summary>In Development, why a credential was refused: a word of `docs/errors.md`.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    /// <summary>In Development, how to mend it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Hint { get; init; }
}
