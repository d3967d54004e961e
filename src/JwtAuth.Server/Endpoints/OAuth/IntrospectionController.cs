using System.Text.Json.Serialization;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Clients;
using JwtAuth.Server.Descriptions;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.OAuth;

/// <summary>Whether a token is good now (RFC 7662 §2.2). If it is not, or is not for this client, only `active` is told.</summary>
internal sealed record IntrospectionReply(bool Active)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Iss { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Sub { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Username { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public IReadOnlyList<string>? Aud { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? ClientId { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Scope { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public IReadOnlyList<string>? Roles { get; init; }

    /// <summary>`Bearer` for an access token and a personal access token; a refresh token has none.</summary>
    [Words("Bearer")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TokenType { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public long? Exp { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public long? Nbf { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public long? Iat { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Jti { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Sid { get; init; }
}

[ApiController]
[AllowAnonymous]
[ForClients]
[Tags("Clients")]
internal sealed class IntrospectionController(
    ClientAuthenticator authenticator, PresentedTokens presented, IntrospectionReplies replies) : ControllerBase
{
    /// <summary>
    /// Tells a client whether a token for one of its audiences is good now (RFC 7662). The answer is the same as that of a check of the
    /// token.
    /// </summary>
    /// <response code="200">`active`, and if so the claims.</response>
    /// <response code="400">`invalid_request`, `unauthorized_client`</response>
    /// <response code="401">`invalid_client`</response>
    /// <response code="429">`temporarily_unavailable`: the client has asked about too many tokens that were never issued here</response>
    [HttpPost("/oauth/introspect", Name = "introspect")]
    [FormFields("TokenForm", "token", "token_type_hint")]
    [ProducesResponseType<IntrospectionReply>(200)]
    public async Task<IActionResult> Introspect()
    {
        (OAuthForm? form, IActionResult? refusal) = await OAuthForm.ReadAsync(HttpContext, authenticator, ClientRights.Introspect);
        if (form is null)
            return refusal!;
        PresentedToken token = await presented.ReadAsync(form.Token);
        if (token is PresentedToken.Refused { Rejection: var unsure } && unsure == TokenRejection.DenialsUnknown)
            return ClientAuthentication.DenialsUnknown(Response);
        if (await replies.FindAsync(token, form.Client, HttpContext.RequestAborted) is { } active)
        {
            presented.CountGood();
            return Ok(active);
        }
        return presented.CountUseless(token, form.Client) is { } wait
            ? ClientAuthentication.TooMany(Response, wait)
            : Ok(new IntrospectionReply(Active: false));
    }
}

/// <summary>What a client is told about a token that is good.</summary>
internal sealed class IntrospectionReplies(
    RefreshTokenUses refreshTokens, PersonalAccessTokenUses personalAccessTokens, SessionPolicy policy, IssuerSettings issuer)
{
    /// <summary><see langword="null"/> if the token is not good, or not for this client.</summary>
    public async Task<IntrospectionReply?> FindAsync(PresentedToken token, Client client, CancellationToken cancellation) => token switch
    {
        PresentedToken.Access { Token: var access } => access.Audiences.Any(client.Knows) ? ReplyOf(access) : null,
        PresentedToken.Refresh { Token: var refresh } => await ReplyOfAsync(refresh, client),
        PresentedToken.Personal { Token: var personal } => await ReplyOfAsync(personal, client, cancellation),
        _ => null,
    };

    private static IntrospectionReply ReplyOf(AccessToken token) => new(Active: true)
    {
        Iss = token.Issuer,
        Sub = token.Subject,
        Username = token.Username,
        Aud = token.Audiences,
        ClientId = token.ClientId,
        Scope = string.Join(' ', token.Scopes),
        Roles = token.Roles,
        TokenType = "Bearer",
        Exp = token.ExpiresAt.ToUnixTimeSeconds(),
        Nbf = token.NotBefore.ToUnixTimeSeconds(),
        Iat = token.IssuedAt.ToUnixTimeSeconds(),
        Jti = token.JwtId,
        Sid = token.SessionId,
    };

    private async Task<IntrospectionReply?> ReplyOfAsync(RefreshToken refresh, Client client)
    {
        if (await refreshTokens.FindAliveAsync(refresh) is not var (session, username) || !client.Knows(session.Audience))
            return null;
        return new IntrospectionReply(Active: true)
        {
            Iss = issuer.Url,
            Sub = session.Subject,
            Username = username,
            Aud = [session.Audience],
            ClientId = Grant.FirstParty,
            Scope = session.Scope,
            Exp = policy.EndOf(session).ToUnixTimeSeconds(),
            Iat = session.CreatedAt.ToUnixTimeSeconds(),
            Sid = session.SessionId,
        };
    }

    private async Task<IntrospectionReply?> ReplyOfAsync(
        PersonalAccessToken token, Client client, CancellationToken cancellation)
    {
        if (client.Apis.Count == 0 || await personalAccessTokens.FindAsync(token, cancellation) is not { } access)
            return null;
        await personalAccessTokens.NoteUseAsync(access);
        return new IntrospectionReply(Active: true)
        {
            Iss = issuer.Url,
            Sub = access.Account.Subject,
            Username = access.Account.Username,
            Aud = client.Apis,
            Scope = string.Join(' ', access.ScopesNow(issuer)),
            TokenType = "Bearer",
            Exp = access.ExpiresAt.ToUnixTimeSeconds(),
            Iat = access.CreatedAt.ToUnixTimeSeconds(),
        };
    }
}
