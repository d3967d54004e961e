using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace JwtAuth.Server.Pipeline;

/// <summary>
/// A moment in a JSON body (RFC 3339): in UTC with <c>Z</c>, and in whole seconds like the times of tokens. Fractions are cut off.
/// </summary>
internal sealed class Moments : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
}
