using System.Text.Json;
using JwtAuth.Server.Descriptions;
using JwtAuth.Server.Errors;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace JwtAuth.Server.Pipeline;

/// <summary>
/// Refuses a parameter that a listing does not have. If it were ignored, a misspelt filter would list everything. Calls of OAuth ignore
/// what they do not know (RFC 6749 §3.1), and so does the feed, so that newer APIs can ask older services.
/// </summary>
internal sealed class QueryParameters : IResourceFilter
{
    public void OnResourceExecuting(ResourceExecutingContext context)
    {
        HttpRequest request = context.HttpContext.Request;
        if (!request.QueryString.HasValue || context.ActionDescriptor.EndpointMetadata.OfType<ForClientsAttribute>().Any())
            return;
        string[] known = [.. context.ActionDescriptor.Parameters
            .Where(parameter => parameter.BindingInfo?.BindingSource == BindingSource.Query).SelectMany(NamesOf)];
        if (known.Length == 0 || request.Query.Keys.FirstOrDefault(name => !known.Contains(name)) is not { } unknown)
            return;
        string which = PlainNames.Include(unknown) ? $"{unknown} is none of this call's parameters" : "A parameter is none of this call's";
        context.Result = Problems.Result(ErrorCode.InvalidRequest, $"{which}. It has: {string.Join(", ", known)}.");
    }

    // Of several in one record, each has the name of its property.
    private static IEnumerable<string> NamesOf(ParameterDescriptor parameter) =>
        parameter.ParameterType is { IsClass: true } type && type != typeof(string)
            ? type.GetProperties().Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name)) : [parameter.Name];

    public void OnResourceExecuted(ResourceExecutedContext context)
    {
    }
}
