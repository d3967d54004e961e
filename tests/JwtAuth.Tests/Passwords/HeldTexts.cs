using System.Reflection;
using System.Text;

namespace JwtAuth.Tests.Passwords;

/// <summary>Every text, and every run of bytes read as one, that can be reached from an object.</summary>
internal static class HeldTexts
{
    public static IEnumerable<string> In(object from) => In(from, []);

    private static IEnumerable<string> In(object? from, HashSet<object> seen) => from switch
    {
        null or Pointer or TimeProvider or MemberInfo or Delegate or Task => [],
        string text => [text],
        byte[] bytes => [Encoding.UTF8.GetString(bytes), Encoding.Unicode.GetString(bytes)],
        _ when from.GetType().IsPrimitive || !(from.GetType().IsValueType || seen.Add(from)) => [],
        Array many => many.Cast<object?>().SelectMany(one => In(one, seen)),
        _ => Fields(from.GetType()).SelectMany(field => In(field.GetValue(from), seen)),
    };

    private static IEnumerable<FieldInfo> Fields(Type? type) => type is null ? []
        : type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        .Concat(Fields(type.BaseType));
}
