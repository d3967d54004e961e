using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace JwtAuth.Tests;

/// <summary>
/// What the types of a compiled assembly refer to: in signatures, fields, attributes and in every instruction of every method. A using line
/// is no reference. A constant is not seen, since the compiler puts its value in its place.
/// </summary>
internal static class TypeReferences
{
    private const BindingFlags All =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    /// <summary>Pairs of an outermost type of the assembly and one that it refers to.</summary>
    public static IReadOnlyCollection<(Type From, Type To)> Of(Assembly assembly)
    {
        HashSet<(Type, Type)> references = [];
        foreach (Type type in assembly.GetTypes())
        {
            foreach (Type referred in ReferredBy(type).SelectMany(Flatten).Where(referred => referred.Assembly == assembly))
                references.Add((Outermost(type), Outermost(referred)));
        }
        return references;
    }

    public static Type Outermost(Type type) => type.DeclaringType is { } outer ? Outermost(outer) : type;

    private static List<Type> ReferredBy(Type type)
    {
        List<Type> referred = [.. type.GetInterfaces(), .. AttributesOf(type)];
        if (type.BaseType is { } parent)
            referred.Add(parent);
        if (type.IsGenericTypeDefinition)
            referred.AddRange(type.GetGenericArguments().SelectMany(argument => argument.GetGenericParameterConstraints()));
        foreach (FieldInfo field in type.GetFields(All))
            referred.AddRange([field.FieldType, .. AttributesOf(field)]);
        foreach (PropertyInfo property in type.GetProperties(All))
            referred.AddRange([property.PropertyType, .. AttributesOf(property)]);
        foreach (MethodBase method in type.GetMethods(All).Concat<MethodBase>(type.GetConstructors(All)))
        {
            referred.AddRange([.. method.GetParameters().Select(parameter => parameter.ParameterType), .. AttributesOf(method)]);
            if (method is MethodInfo { ReturnType: var returned })
                referred.Add(returned);
            referred.AddRange(UsedBy(method));
        }
        return referred;
    }

    private static IEnumerable<Type> AttributesOf(MemberInfo member) => member.CustomAttributes
        .Where(attribute => attribute.AttributeType != typeof(NullableAttribute))
        .SelectMany(attribute => attribute.ConstructorArguments.Select(argument => argument.Value).OfType<Type>()
            .Append(attribute.AttributeType));

    private static IEnumerable<Type> UsedBy(MethodBase method)
    {
        if (method.GetMethodBody() is not { } body || body.GetILAsByteArray() is not { } code)
            yield break;
        foreach (LocalVariableInfo local in body.LocalVariables)
            yield return local.LocalType;
        Type[]? ofType = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;
        Type[]? ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : null;
        for (int at = 0; at < code.Length;)
        {
            short value = code[at] == 0xFE ? (short)(0xFE00 | code[++at]) : code[at];
            at++;
            OpCode operation = OpCodesByValue[value];
            if (operation.OperandType is OperandType.InlineField
                or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType)
            {
                MemberInfo? member = method.Module.ResolveMember(BitConverter.ToInt32(code, at), ofType, ofMethod);
                if (member is Type type)
                    yield return type;
                else if (member?.DeclaringType is { } owner)
                    yield return owner;
                if (member is MethodInfo { IsGenericMethod: true } generic)
                {
                    foreach (Type argument in generic.GetGenericArguments())
                        yield return argument;
                }
            }
            at += operation.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, at)),
                _ => 4,
            };
        }
    }

    // A list of accounts refers to accounts.
    private static IEnumerable<Type> Flatten(Type type) =>
        type.HasElementType ? Flatten(type.GetElementType()!)
        : type.IsGenericParameter ? []
        : type.IsGenericType ? type.GetGenericArguments().SelectMany(Flatten).Append(type)
        : [type];
}
