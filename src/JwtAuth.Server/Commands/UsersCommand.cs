using System.CommandLine;
using System.Globalization;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Passwords;

namespace JwtAuth.Server.Commands;

/// <summary>
/// <c>users add | list | disable | enable | logout | password | role add | role remove | delete</c>: accounts, from the terminal. A change
/// ends what the same change by HTTP ends, and a running service hears of it within a second.
/// </summary>
internal static class UsersCommand
{
    private const int PageSize = 200;

    public static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = Names.UsernameRule };
        var role = new Argument<string>("ROLE") { Description = Names.RoleRule };
        var roles = new Option<string[]>("--role")
        {
            Description = "A role that the account gets, such as admin; may be given several times",
            DefaultValueFactory = _ => [],
        };
        var search = new Option<string?>("--search") { Description = "Part of the names, in any letter case" };

        var add = new Command(
            "add", "Adds an account. The password is read from the terminal, or as one line from standard input.") { name, roles };
        add.SetAction(parsed => AddAsync(parsed.GetRequiredValue(name), parsed.GetRequiredValue(roles)));
        var list = new Command("list", "Lists the accounts: sub, name, enabled or disabled, since when there, roles") { search };
        list.SetAction(parsed => ListAsync(parsed.GetValue(search)));
        var password = new Command(
            "password", "Sets a new password, and ends all that came from the old one. It is read as by add.") { name };
        password.SetAction(parsed => ResetPasswordAsync(parsed.GetRequiredValue(name)));

        return new Command("users", "Accounts")
        {
            add,
            list,
            Change("disable", "Disables an account, and ends all that was issued to it", "disabled",
                (accounts, subject) => accounts.DisableAsync(Caller.Operator, subject), endsTokens: true),
            Change("enable", "Enables an account again; what had ended stays ended", "enabled",
                (accounts, subject) => accounts.EnableAsync(Caller.Operator, subject)),
            Change("logout", "Logs an account out everywhere; it may log in again", "logged out",
                (accounts, subject) => accounts.LogOutAsync(Caller.Operator, subject), endsTokens: true),
            password,
            new Command("role", "An account's roles")
            {
                ChangeRole("add", "Gives a role; one that nobody had before is made by it", "has",
                    (accounts, subject, role) => accounts.AddRoleAsync(Caller.Operator, subject, role)),
                ChangeRole("remove", "Takes a role away; the account's access tokens end, and the next ones are without it", "is without",
                    (accounts, subject, role) => accounts.RemoveRoleAsync(Caller.Operator, subject, role)),
            },
            Change("delete", "Deletes an account and all that was issued to it; its sub is never used again", "deleted",
                (accounts, subject) => accounts.DeleteAsync(Caller.Operator, subject), endsTokens: true),
        };

        Command Change(
            string verb, string description, string done, Func<AccountStore, string, Task<AccountChange>> change, bool endsTokens = false)
        {
            var command = new Command(verb, description) { name };
            command.SetAction(parsed => ChangeAsync(parsed.GetRequiredValue(name), done, endsTokens, async (services, account) =>
                await change(services.GetRequiredService<AccountStore>(), account.Subject)));
            return command;
        }

        Command ChangeRole(
            string verb, string description, string done, Func<AccountStore, string, string, Task<AccountChange>> change)
        {
            var command = new Command(verb, description) { name, role };
            command.SetAction(parsed =>
            {
                string given = parsed.GetRequiredValue(role);
                return !Names.IsRole(given) ? Task.FromResult(CommandLine.Fail(Names.RoleRule))
                    : ChangeAsync(parsed.GetRequiredValue(name), $"{done} the role {given}", verb == "remove", async (services, account) =>
                    {
                        if (verb == "add")
                            await TellNewAsync(services, given);
                        return await change(services.GetRequiredService<AccountStore>(), account.Subject, given);
                    });
            });
            return command;
        }
    }

    private static Task<int> AddAsync(string name, string[] roles) => CommandLine.WithServiceAsync(async services =>
    {
        if (!Names.IsUsername(name))
            return CommandLine.Fail(Names.UsernameRule);
        if (!Array.TrueForAll(roles, Names.IsRole) || roles.Length > Names.MaximumRoles)
            return CommandLine.Fail($"{Names.RoleRule}, and an account at most {Names.MaximumRoles} of them");
        if (HashOfNew(services, name) is not { } hash)
            return 1;
        await TellNewAsync(services, roles);
        if (await services.GetRequiredService<AccountStore>().AddAsync(name, hash, roles) is not { } account)
            return CommandLine.Fail($"the user name {name} is taken");
        Console.WriteLine($"{account.Subject} {account.Username}{string.Concat(account.Roles.Select(role => $" {role}"))}");
        return 0;
    });

    private static Task<int> ListAsync(string? search) => CommandLine.WithServiceAsync(async services =>
    {
        if (search is not null && !Names.IsPartOfUsername(search))
            return CommandLine.Fail("--search is a part of user names");
        AccountSnapshots accounts = services.GetRequiredService<AccountSnapshots>();
        IReadOnlyList<AccountSnapshot> page = [];
        do
        {
            page = await accounts.ListAsync(search, page.Count == 0 ? null : page[^1].Username, PageSize, CancellationToken.None);
            foreach (AccountSnapshot account in page)
                Console.WriteLine($"{account.Subject} {account.Username} {(account.IsEnabled ? "enabled" : "disabled")} "
                    + account.CreatedAt.ToString("u", CultureInfo.InvariantCulture)
                    + string.Concat(account.Roles.Select(role => $" {role}")));
        }
        while (page.Count == PageSize);
        return 0;
    });

    private static Task<int> ResetPasswordAsync(string name) => ChangeAsync(name, "has a new password", endsTokens: true,
        async (services, account) => HashOfNew(services, account.Username) is { } hash
            ? await services.GetRequiredService<AccountStore>().ResetPasswordAsync(Caller.Operator, account.Subject, hash)
            : null);

    // The change is null if what is wrong was said already.
    private static Task<int> ChangeAsync(
        string name, string done, bool endsTokens, Func<IServiceProvider, AccountSnapshot, Task<AccountChange?>> change) =>
        CommandLine.WithServiceAsync(async services =>
        {
            const string Missing = "there is no account of this name; see: users list";
            if (await services.GetRequiredService<AccountSnapshots>().FindByNameAsync(name) is not { } account)
                return CommandLine.Fail(Missing);
            switch (await change(services, account))
            {
                case AccountChange.Done:
                    Console.WriteLine($"{account.Subject} {account.Username} {done}");
                    if (endsTokens && !services.GetRequiredService<DenylistSettings>().Enabled)
                        Console.WriteLine("JwtAuth:Denylist:Enabled is false: its access tokens go on being taken until they expire");
                    return 0;
                case AccountChange.LastAdministrator:
                    return CommandLine.Fail("nobody would be left to administer; make another administrator first");
                case AccountChange.TooManyRoles:
                    return CommandLine.Fail($"an account has at most {Names.MaximumRoles} roles");
                case null:
                    return 1;
                default:
                    return CommandLine.Fail(Missing);
            }
        });

    private static async Task TellNewAsync(IServiceProvider services, params string[] roles)
    {
        AccountStore accounts = services.GetRequiredService<AccountStore>();
        foreach (string role in await accounts.FindNewAsync(roles, services.GetRequiredService<IssuerSettings>().NamesRole))
            await Console.Error.WriteLineAsync(
                $"note: the role {role} is new: no account had it before, and no scope names it; is it spelt right?");
    }

    // Null if there is none, or the policy is against it, which has been said.
    private static string? HashOfNew(IServiceProvider services, string name)
    {
        Password? password = PasswordPrompt.Read();
        string? fault = password is null ? "no password, or two different ones"
            : services.GetRequiredService<PasswordPolicy>().FaultOf(password, name);
        if (fault is null)
            return services.GetRequiredService<PasswordHasher>().Hash(password!.Reveal());
        CommandLine.Fail(fault);
        return null;
    }
}
