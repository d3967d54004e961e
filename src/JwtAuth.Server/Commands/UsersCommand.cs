using System.CommandLine;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Passwords;

namespace JwtAuth.Server.Commands;

/// <summary><c>users add NAME --role ROLE</c>: adds an account from the terminal, mainly for the first administrator.</summary>
internal static class UsersCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "1 to 64 letters, digits and . _ @ + - (ASCII)" };
        var roles = new Option<string[]>("--role")
        {
            Description = "A role that the account gets, such as admin; may be given several times",
            DefaultValueFactory = _ => [],
        };
        var add = new Command(
            "add", "Adds an account. The password is read from the terminal, or as one line from standard input.") { name, roles };
        add.SetAction(parsed => AddAsync(parsed.GetRequiredValue(name), parsed.GetRequiredValue(roles)));
        return new Command("users", "Accounts") { add };
    }

    private static Task<int> AddAsync(string name, string[] roles) => CommandLine.WithServiceAsync(async services =>
    {
        if (!Names.IsUsername(name))
            return CommandLine.Fail("a user name has 1 to 64 letters, digits and . _ @ + - (ASCII)");
        if (!roles.All(Names.IsRole) || roles.Length > Names.MaximumRoles)
            return CommandLine.Fail($"a role has 1 to 32 of a-z, 0-9 and . _ -, and an account at most {Names.MaximumRoles} of them");
        if (ReadPassword() is not { } password)
            return CommandLine.Fail("no password, or two different ones");
        if (services.GetRequiredService<PasswordPolicy>().FaultOf(password, name) is { } fault)
            return CommandLine.Fail(fault);

        var accounts = services.GetRequiredService<AccountStore>();
        string hash = services.GetRequiredService<PasswordHasher>().Hash(password.Reveal());
        if (await accounts.AddAsync(name, hash, roles) is not { } account)
            return CommandLine.Fail($"the user name {name} is taken");
        Console.WriteLine($"{account.Subject} {account.Username}{string.Concat(account.Roles.Select(role => $" {role}"))}");
        return 0;
    });

    private static Password? ReadPassword()
    {
        if (Console.IsInputRedirected)
            return Console.In.ReadLine() is { Length: > 0 } line ? new Password(line) : null;
        string first = Prompt("Password: ");
        return first.Length > 0 && first == Prompt("Once more: ") ? new Password(first) : null;
    }

    private static string Prompt(string prompt)
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
