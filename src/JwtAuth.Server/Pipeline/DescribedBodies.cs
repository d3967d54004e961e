using System.Reflection;
using JwtAuth.Server.Descriptions;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace JwtAuth.Server.Pipeline;

/// <summary>Describes which bodies must be sent, the forms, and a success of several shapes.</summary>
internal sealed class DescribedBodies : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        IList<object> metadata = context.ApiDescription.ActionDescriptor.EndpointMetadata;
        // Forms are read by our own strict code, so the generator does not see them.
        if (metadata.OfType<FormFieldsAttribute>().SingleOrDefault() is { } form)
            operation.RequestBody = FormOf(form, context.SchemaRepository);
        else if (operation.RequestBody is OpenApiRequestBody body)
            body.Required = !MayBeEmpty(context.MethodInfo);

        if (metadata.OfType<OneOfAttribute>().SingleOrDefault() is { } oneOf
            && operation.Responses?["200"].Content?["application/json"] is OpenApiMediaType success)
        {
            success.Schema = context.SchemaRepository.AddDefinition(oneOf.Name, new OpenApiSchema
            {
                OneOf = [.. oneOf.Shapes.Select(shape => context.SchemaGenerator.GenerateSchema(shape, context.SchemaRepository))],
            });
        }
    }

    private static bool MayBeEmpty(MethodInfo action) => action.GetParameters()
        .Any(parameter => parameter.GetCustomAttribute<FromBodyAttribute>()?.EmptyBodyBehavior == EmptyBodyBehavior.Allow);

    private static OpenApiRequestBody FormOf(FormFieldsAttribute form, SchemaRepository schemas)
    {
        if (!schemas.Schemas.ContainsKey(form.Form))
            schemas.AddDefinition(form.Form, SchemaOf(form));
        return new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, IOpenApiMediaType>
            {
                ["application/x-www-form-urlencoded"] = new OpenApiMediaType { Schema = new OpenApiSchemaReference(form.Form) },
            },
        };
    }

    private static OpenApiSchema SchemaOf(FormFieldsAttribute form)
    {
        var schema = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Properties = form.Names.ToDictionary(name => name, _ => Text()),
            Required = new HashSet<string> { form.Names[0] },
        };
        schema.Properties["client_id"] = Text();
        schema.Properties["client_secret"] = Text("password");
        return schema;

        static IOpenApiSchema Text(string? format = null) => new OpenApiSchema { Type = JsonSchemaType.String, Format = format };
    }
}
