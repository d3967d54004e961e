using System.Text.Json.Serialization;
using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Accounts;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.Clients;
using JwtAuth.Server.Denials;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Observability;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Server.Sessions;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Server.Endpoints.OAuth;

/// <summary>What a token is worth now (RFC 7662 §2.2). Of one that is worth nothing, or not this client's business, only `active` is told.</summary>
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
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? TokenType { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public long? Exp { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public long? Nbf { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public long? Iat { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Jti { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? Sid { get; init; }
}

[ApiController]
[AllowAnonymous]
[Tags("Clients")]
internal sealed class OAuthController(
    ClientAuthenticator authenticator, TokenValidator validator, RefreshTokenCodec codec, SessionStore sessions, RefreshTokenStore refreshTokens,
    PersonalAccessTokenStore personalAccessTokens, AccountStore accounts, IssuerSettings issuer,
    RefreshTokenSettings lifetimes, DenylistSettings denylist, ILogger<OAuthController> log) : ControllerBase
{
    private static readonly IntrospectionReply Inactive = new(Active: false);

    /// <summary>Tells a client what a token for one of its audiences is worth now (RFC 7662): exactly what a check of it would say.</summary>
    /// <response code="200">`active`, and if so the claims.</response>
    /// <response code="400">`invalid_request`, `unauthorized_client`</response>
    /// <response code="401">`invalid_client`</response>
    [HttpPost("/oauth/introspect")]
    [FormFields("token", "token_type_hint")]
    [ProducesResponseType<IntrospectionReply>(200)]
    public async Task<IActionResult> Introspect()
    {
        (OAuthForm? form, IActionResult? refusal) = await OAuthForm.ReadAsync(HttpContext, authenticator, ClientRights.Introspect);
        if (form is null)
            return refusal!;
        if (codec.TryRead(form.Token, out RefreshToken refresh))
            return Ok(await ReplyOfAsync(refresh, form.Client));
        if (PersonalAccessToken.IsMeantBy(form.Token))
            return Ok(await ReplyOfAsync(new PersonalAccessToken(form.Token), form.Client));
        (AccessToken? token, TokenRejection? rejection) = await validator.ValidateAsync(form.Token);
        return rejection == TokenRejection.DenialsUnknown ? Unknown() : Ok(token is not null && IsFor(form.Client, token.Audiences) ? ReplyOf(token) : Inactive);
    }

    /// <summary>Ends a token for one of the client's audiences (RFC 7009): an access token alone, a refresh token with its session, a personal access token with those that were made from it.</summary>
    /// <response code="200">Ended, or there was nothing to end; nobody is told which.</response>
    /// <response code="400">`unsupported_token_type`: an access token, where no denylist is kept; `invalid_request`, `unauthorized_client`</response>
    /// <response code="401">`invalid_client`</response>
    [HttpPost("/oauth/revoke")]
    [FormFields("token", "token_type_hint")]
    [ProducesResponseType(200)]
    public async Task<IActionResult> Revoke()
    {
        (OAuthForm? form, IActionResult? refusal) = await OAuthForm.ReadAsync(HttpContext, authenticator, ClientRights.Revoke);
        if (form is null)
            return refusal!;
        if (codec.TryRead(form.Token, out RefreshToken refresh))
        {
            if (await sessions.EndAsync(refresh.SessionId, form.Client.Audiences) is { } subject)
                log.ClientRevoked(form.Client.Id, "a refresh token", subject);
            return Ok();
        }
        if (PersonalAccessToken.IsMeantBy(form.Token))
        {
            await EndAsync(new PersonalAccessToken(form.Token), form.Client);
            return Ok();
        }

        (AccessToken? token, TokenRejection? rejection) = await validator.ValidateAsync(form.Token);
        if (rejection == TokenRejection.DenialsUnknown)
            return Unknown();
        if (token is null || !IsFor(form.Client, token.Audiences))
            return Ok();
        if (!denylist.Enabled)
            return OAuthError.Result(400, "unsupported_token_type", "This service keeps no denylist: an access token lives until it expires.");
        await sessions.EndTokenAsync(token);
        log.ClientRevoked(form.Client.Id, "an access token", token.Subject);
        return Ok();
    }

    private ObjectResult Unknown()
    {
        Response.Headers.RetryAfter = "1";
        return OAuthError.Result(503, "temporarily_unavailable", TokenRejection.DenialsUnknown.Hint);
    }

    private static bool IsFor(Client client, IEnumerable<string> audiences) => audiences.Any(client.Audiences.Contains);

    // A personal access token is for every API.
    private string[] ApisOf(Client client) => [.. issuer.Audiences.Where(client.Audiences.Contains)];

    private async Task EndAsync(PersonalAccessToken token, Client client)
    {
        if (token.IsWellFormed && ApisOf(client).Length > 0 && await personalAccessTokens.EndAsync(token) is { } subject)
            log.ClientRevoked(client.Id, "a personal access token", subject);
    }

    private async Task<IntrospectionReply> ReplyOfAsync(PersonalAccessToken token, Client client)
    {
        string[] audiences = ApisOf(client);
        if (audiences.Length == 0 || await personalAccessTokens.FindAsync(token, HttpContext.RequestAborted) is not { } access)
            return Inactive;
        await personalAccessTokens.NoteUseAsync(access);
        return new(Active: true)
        {
            Iss = issuer.Url,
            Sub = access.Account.Subject,
            Username = access.Account.Username,
            Aud = audiences,
            Scope = string.Join(' ', access.ScopesNow(issuer)),
            TokenType = "Bearer",
            Exp = access.ExpiresAt.ToUnixTimeSeconds(),
            Iat = access.CreatedAt.ToUnixTimeSeconds(),
        };
    }

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

    private async Task<IntrospectionReply> ReplyOfAsync(RefreshToken refresh, Client client)
    {
        if (await refreshTokens.FindAliveAsync(refresh) is not { } session || !IsFor(client, [session.Audience])
            || await accounts.FindBySubjectAsync(session.Subject) is not { } account)
        {
            return Inactive;
        }
        return new(Active: true)
        {
            Iss = issuer.Url,
            Sub = session.Subject,
            Username = account.Username,
            Aud = [session.Audience],
            ClientId = TokenIssuer.FirstParty,
            Scope = session.Scope,
            Exp = lifetimes.EndOf(session.ExpiresAt, session.RotatedAt).ToUnixTimeSeconds(),
            Iat = session.CreatedAt.ToUnixTimeSeconds(),
            Sid = session.SessionId,
        };
    }
}
