using JwtAuth.Server.Passwords;

namespace JwtAuth.Server.Commands;

/// <summary>Reads a new password: twice from the terminal, without showing it; or as one line of standard input.</summary>
internal static class PasswordPrompt
{
    /// <returns><see langword="null"/> if there is none, or two different ones.</returns>
    public static Password? Read()
    {
        if (Console.IsInputRedirected)
            return Console.In.ReadLine() is { Length: > 0 } line ? new Password(line) : null;
        string first = Ask("Password: ");
        return first.Length > 0 && first == Ask("Once more: ") ? new Password(first) : null;
    }

    private static string Ask(string prompt)
    {
        Console.Error.Write(prompt);
        var typed = new System.Text.StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key != ConsoleKey.Backspace)
                typed.Append(key.KeyChar);
            else if (typed.Length > 0)
                typed.Length--;
        }
        Console.Error.WriteLine();
        return typed.ToString();
    }
}
