using System.Reflection;
using System.Text.Json.Nodes;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Descriptions;
using JwtAuth.Server.Passwords;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace JwtAuth.Server.Pipeline;

/// <summary>
/// Describes the closed lists of words, and gives examples that work here: with a scope, an audience and a length of the password that are
/// configured. A request's example has only what its members give one for.
/// </summary>
internal sealed class DescribedSchemas(IssuerSettings issuer, PasswordSettings passwords) : ISchemaFilter
{
    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (schema is not OpenApiSchema described)
            return;
        if (context.MemberInfo is { } member)
            DescribeMember(described, member);
        else if (described.Properties is { Count: > 0 } members)
        {
            if (context.Type.Name.EndsWith("Request", StringComparison.Ordinal))
            {
                described.Examples = [ExampleOf(members)];
                return;
            }
            // A reply leaves out what is null, and may have more members one day.
            described.Required = members.Where(member => !IsNullable(member.Value)).Select(member => member.Key).ToHashSet();
            described.AdditionalPropertiesAllowed = true;
        }
    }

    private void DescribeMember(OpenApiSchema schema, MemberInfo member)
    {
        if (member.GetCustomAttribute<WordsAttribute>() is { } words)
        {
            schema.Enum = [.. words.Words.Select(word => (JsonNode)word)];
            if (IsNullable(schema))
                schema.Enum.Add(JsonNullSentinel.JsonNull);
        }
        if (schema.Examples is not [var example, ..])
            return;
        schema.Examples = [member.Name switch
        {
            "Scope" => ScopeForEverybody(),
            "Audience" => issuer.Audiences[0],
            "Password" or "NewPassword" or "CurrentPassword" => Lengthened(example.GetValue<string>()),
            _ => example,
        }];
    }

    private static bool IsNullable(IOpenApiSchema schema) => schema.Type?.HasFlag(JsonSchemaType.Null) == true;

    private static JsonObject ExampleOf(IDictionary<string, IOpenApiSchema> members) => new(members
        .Where(member => member.Value.Examples is { Count: > 0 })
        .Select(member => KeyValuePair.Create(member.Key, (JsonNode?)member.Value.Examples![0].DeepClone())));

    private string ScopeForEverybody() =>
        issuer.Scopes.Where(scope => scope.Key != ScopeGrant.OfflineAccess).OrderBy(scope => scope.Value.Count)
            .Select(scope => scope.Key).FirstOrDefault(ScopeGrant.OfflineAccess);

    private string Lengthened(string password)
    {
        while (password.Length < passwords.MinimumLength)
            password += $" {password}";
        return password.Length > Password.MaximumBytes ? password[..passwords.MinimumLength] : password;
    }
}
