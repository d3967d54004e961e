using System.CommandLine;
using JwtAuth.Server.Clients;

namespace JwtAuth.Server.Commands;

/// <summary><c>clients secret</c>: a secret for a client that asks about tokens or reads the feed of denials.</summary>
internal static class ClientsCommand
{
    public static Command Create()
    {
        var secret = new Command("secret", "Makes a client's secret: the first line is for the client, "
            + "the second for JwtAuth:Clients:ID:Secrets. Nothing is stored.");
        secret.SetAction(_ =>
        {
            (string text, string atRest) = ClientSecret.Make();
            Console.WriteLine($"client_secret: {text}");
            Console.WriteLine($"configure: {atRest}");
        });
        return new Command("clients", "Clients, which introspect and revoke tokens or read the feed of denials") { secret };
    }
}
