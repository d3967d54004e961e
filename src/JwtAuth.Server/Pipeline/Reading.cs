using JwtAuth.Server.Errors;
using Microsoft.AspNetCore.Mvc.ActionConstraints;
using Microsoft.AspNetCore.Mvc.ApplicationModels;

namespace JwtAuth.Server.Pipeline;

/// <summary>GET, and HEAD wherever there is GET (RFC 9110 §9.1). Kestrel leaves the body of an answer to HEAD out.</summary>
internal sealed class Reading : IActionModelConvention
{
    /// <summary>The two, for endpoints that are no actions.</summary>
    public static HttpMethodMetadata Methods => new(Both);

    private static string[] Both => [HttpMethods.Get, HttpMethods.Head];

    public static bool IsAskedFor(HttpRequest request) => HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);

    /// <summary>The answer to any other method, where there are only files to read.</summary>
    public static Task RefuseOthersAsync(HttpContext context)
    {
        context.Response.Headers.Allow = string.Join(", ", Both);
        return Problems.WriteAsync(context, ErrorCode.MethodNotAllowed);
    }

    /// <summary>Lets each action that answers GET answer HEAD too.</summary>
    public void Apply(ActionModel action)
    {
        foreach (SelectorModel selector in action.Selectors)
        {
            HttpMethodActionConstraint[] gets = [.. selector.ActionConstraints.OfType<HttpMethodActionConstraint>().Where(IsGet)];
            foreach (HttpMethodActionConstraint constraint in gets)
            {
                selector.ActionConstraints.Remove(constraint);
                selector.ActionConstraints.Add(new HttpMethodActionConstraint(Both));
                HttpMethodMetadata metadata = selector.EndpointMetadata.OfType<HttpMethodMetadata>().Single();
                selector.EndpointMetadata.Remove(metadata);
                selector.EndpointMetadata.Add(new HttpMethodMetadata(Both, metadata.AcceptCorsPreflight));
            }
        }
    }

    private static bool IsGet(HttpMethodActionConstraint constraint) => constraint.HttpMethods.SequenceEqual([HttpMethods.Get]);
}
