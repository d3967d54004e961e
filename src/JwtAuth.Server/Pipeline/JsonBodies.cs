using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using JwtAuth.Server.Errors;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Mvc.Formatters;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace JwtAuth.Server.Pipeline;

/// <summary>
/// How JSON is read and written. It is strict, so that nothing can be understood in two ways, and a misspelt member is reported instead of
/// ignored.
/// </summary>
internal static class JsonBodies
{
    /// <summary>How bodies are read.</summary>
    public static JsonSerializerOptions Options { get; } = Make();

    public static void Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.PropertyNameCaseInsensitive = false;
        options.AllowDuplicateProperties = false;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.RespectNullableAnnotations = true;
        options.RespectRequiredConstructorParameters = true;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.MaxDepth = 16;
        options.Converters.Add(new Moments());
    }

    private static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };
        Configure(options);
        options.MakeReadOnly();
        return options;
    }

    /// <summary>Bodies must be <c>application/json</c>. A form or plain text, which any page may send across origins, gets 415.</summary>
    public static void SpeakNothingElse(MvcOptions options)
    {
        options.InputFormatters.Clear();
        options.InputFormatters.Add(new JsonBodyFormatter());
        options.ValueProviderFactories.RemoveType<FormValueProviderFactory>();
        options.ValueProviderFactories.RemoveType<JQueryFormValueProviderFactory>();
        options.ValueProviderFactories.RemoveType<FormFileValueProviderFactory>();
        SystemTextJsonOutputFormatter output = options.OutputFormatters.OfType<SystemTextJsonOutputFormatter>().Single();
        output.SupportedMediaTypes.Clear();
        output.SupportedMediaTypes.Add("application/json");
        output.SupportedMediaTypes.Add(Problems.ContentType);
        options.OutputFormatters.RemoveType<StringOutputFormatter>();
    }

    /// <summary>
    /// The answer to a body or query that does not fit. It says which member or parameter does not, and what would fit.
    /// </summary>
    public static IActionResult Refuse(ActionContext context)
    {
        IList<ParameterDescriptor> parameters = context.ActionDescriptor.Parameters;
        if (context.ModelState.TryGetValue(JsonBodyFormatter.Fault, out ModelStateEntry? body) && body.Errors is [var fault, ..])
            return Problems.Result(ErrorCode.InvalidRequest, fault.ErrorMessage);
        if (parameters.FirstOrDefault(parameter => parameter.BindingInfo?.BindingSource == BindingSource.Body) is { } missing)
            return Problems.Result(ErrorCode.InvalidRequest, JsonBodyFaults.ShapeOf(Options.GetTypeInfo(missing.ParameterType)));
        IEnumerable<string> wrong = parameters
            .Where(parameter => context.ModelState.TryGetValue(parameter.Name, out ModelStateEntry? entry) && entry.Errors.Count > 0)
            .Select(parameter => $"The parameter {parameter.Name} must be {JsonBodyFaults.KindOf(parameter.ParameterType)}.");
        return Problems.Result(ErrorCode.InvalidRequest, string.Join(' ', wrong));
    }
}
