using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using JwtAuth.Server.Errors;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Controllers;
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

    /// <summary>The answer to a body or query that does not fit. It says what would fit, and repeats nothing of the request.</summary>
    public static IActionResult Refuse(ActionContext context)
    {
        string? detail = null;
        if (context.ActionDescriptor is ControllerActionDescriptor action
            && action.Parameters.FirstOrDefault(parameter => parameter.BindingInfo?.BindingSource?.Id == "Body") is { } body)
        {
            string names = string.Join(", ", Options.GetTypeInfo(body.ParameterType).Properties.Select(member =>
                member.Name + (member.IsRequired ? "" : " (may be left out)")));
            detail = $"Send one JSON object with these members and no others, each once: {names}.";
        }
        return Problems.Result(ErrorCode.InvalidRequest, detail);
    }
}
