namespace JwtAuth.Server.Descriptions;

/// <summary>Tells the API's description which fields a form has. The first is required.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FormFieldsAttribute(string form, params string[] names) : Attribute
{
    /// <summary>What forms with these fields are called.</summary>
    public string Form { get; } = form;

    public IReadOnlyList<string> Names { get; } = names;
}

/// <summary>
/// Tells the API's description that clients call this: they authenticate by their own secret (RFC 6749 §2.3.1), and are answered in the
/// form of RFC 6749 §5.2.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class ForClientsAttribute : Attribute;

/// <summary>Tells the API's description that a success is one of several shapes.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OneOfAttribute(string name, params Type[] shapes) : Attribute
{
    /// <summary>What all of them are called together.</summary>
    public string Name { get; } = name;

    public IReadOnlyList<Type> Shapes { get; } = shapes;
}

/// <summary>Tells the API's description which words a member can hold, and that it holds no others.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class WordsAttribute(params string[] words) : Attribute
{
    public IReadOnlyList<string> Words { get; } = words;
}

/// <summary>Tells the API's description of a credential that a call reads by itself, if it comes at all.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AlsoByAttribute(string credential) : Attribute
{
    public string Credential { get; } = credential;
}
