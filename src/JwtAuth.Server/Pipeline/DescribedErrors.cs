using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Descriptions;
using JwtAuth.Server.Errors;
using Microsoft.AspNetCore.Authorization;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace JwtAuth.Server.Pipeline;

/// <summary>
/// Describes every error that an operation can answer: those that its comment names, each by its code in backticks, and those that all
/// operations of its kind have. Each has its schema, and an example for each code.
/// </summary>
internal sealed partial class DescribedErrors : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        IList<object> metadata = context.ApiDescription.ActionDescriptor.EndpointMetadata;
        bool isForClients = metadata.OfType<ForClientsAttribute>().Any();
        OpenApiResponses responses = operation.Responses ?? new OpenApiResponses();
        foreach (ErrorCode error in Common(operation, metadata))
            Add(responses, error.Status, isForClients ? OAuthError.Of(error).Error : error.Code);

        operation.Responses = new OpenApiResponses();
        foreach ((string status, IOpenApiResponse response) in responses.OrderBy(response => response.Key, StringComparer.Ordinal))
        {
            operation.Responses.Add(status, response);
            int number = int.Parse(status, CultureInfo.InvariantCulture);
            if (number >= 400)
                Describe((OpenApiResponse)response, number, isForClients, context);
            else
                response.Content?.Remove(Problems.ContentType); // the formatter could write it, and never does
        }
    }

    /// <summary>The codes that a description names.</summary>
    public static IEnumerable<string> CodesIn(string? description) =>
        Word().Matches(description ?? "").Select(word => word.Groups[1].Value).Distinct();

    private static IEnumerable<ErrorCode> Common(OpenApiOperation operation, IList<object> metadata)
    {
        yield return ErrorCode.InvalidRequest;
        yield return ErrorCode.HttpsRequired;
        if (!metadata.OfType<IAllowAnonymous>().Any(allowed => allowed is not TakesRefreshCookieAttribute))
        {
            yield return ErrorCode.TokenRequired;
            // A call that takes every kind of credential forbids nothing to any of them.
            if (metadata.OfType<TakesAttribute>().LastOrDefault()?.Includes(Credentials.PersonalAccessToken) != true)
                yield return ErrorCode.Forbidden;
        }
        if (operation.RequestBody is not null)
        {
            yield return ErrorCode.RequestTimeout;
            yield return ErrorCode.ContentTooLarge;
            yield return ErrorCode.UnsupportedMediaType;
        }
        if (metadata.OfType<ForClientsAttribute>().Any())
            yield return ErrorCode.TooManyAttempts;
        yield return ErrorCode.ServerError;
        yield return ErrorCode.Busy;
    }

    private static void Add(OpenApiResponses responses, int status, string code)
    {
        string key = status.ToString(CultureInfo.InvariantCulture);
        if (!responses.TryGetValue(key, out IOpenApiResponse? response))
            responses.Add(key, new OpenApiResponse { Description = $"`{code}`" });
        else if (!CodesIn(response.Description).Contains(code))
            response.Description = $"{response.Description?.TrimEnd('.', ' ')}; `{code}`";
    }

    private static void Describe(OpenApiResponse response, int status, bool isForClients, OperationFilterContext context)
    {
        if (!CodesIn(response.Description).Any())
            response.Description = $"`{ErrorCode.OfStatus(status).Code}`: {response.Description}";
        var examples = CodesIn(response.Description).ToDictionary(code => code, code => (IOpenApiExample)new OpenApiExample
        {
            Value = isForClients
                ? new JsonObject { ["error"] = code }
                : new JsonObject { ["title"] = TitleOf(code), ["status"] = status, ["code"] = code },
        });
        response.Content = new Dictionary<string, IOpenApiMediaType>
        {
            [isForClients ? "application/json" : Problems.ContentType] = new OpenApiMediaType
            {
                Schema = context.SchemaGenerator.GenerateSchema(
                    isForClients ? typeof(OAuthError) : typeof(Problem), context.SchemaRepository),
                Examples = examples,
            },
        };
        if (status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
            AddHeader(response, "Retry-After", JsonSchemaType.Integer, "In how many seconds to come back.");
        if (status == StatusCodes.Status401Unauthorized)
            AddHeader(response, "WWW-Authenticate", JsonSchemaType.String, "The challenge (RFC 6750 §3); none if a password was wrong.");
    }

    private static string TitleOf(string code) => ErrorCode.All.FirstOrDefault(error => error.Code == code)?.Title ?? "";

    private static void AddHeader(OpenApiResponse response, string name, JsonSchemaType type, string description) =>
        (response.Headers ??= new Dictionary<string, IOpenApiHeader>())[name] =
            new OpenApiHeader { Description = description, Schema = new OpenApiSchema { Type = type } };

    [GeneratedRegex("`([a-z_]+)`")]
    private static partial Regex Word();
}
