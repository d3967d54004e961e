using JwtAuth.Bearer.AccessTokens;
using JwtAuth.Server.AccessTokens;
using JwtAuth.Server.Authentication;
using JwtAuth.Server.PersonalAccessTokens;
using JwtAuth.Server.RefreshTokens;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Authentication;

public sealed class PresentedTokenTests
{
    [Fact]
    public async Task Each_kind_of_token_is_told_from_the_others_and_what_is_none_is_refused_with_the_reason()
    {
        using var host = new ServerHost();
        PresentedTokens presented = host.Get<PresentedTokens>();
        string access = host.Get<TokenIssuer>().Issue(Grant.To(Accounts.Snapshot("c3ViamVjdC1vZi10ZXN0cw"), "orders", [], "c2lk")).Value;
        var refresh = new RefreshToken("AAAAAAAAAAAAAAAAAAAAAA", 7);
        PersonalAccessToken personal = PersonalAccessToken.Make();

        (await presented.ReadAsync(access)).Should().BeOfType<PresentedToken.Access>().Which.Token.SessionId.Should().Be("c2lk");
        (await presented.ReadAsync(host.Get<RefreshTokenCodec>().Write(refresh)))
            .Should().BeOfType<PresentedToken.Refresh>().Which.Token.Should().Be(refresh);
        (await presented.ReadAsync(personal.Reveal()))
            .Should().BeOfType<PresentedToken.Personal>().Which.Token.IsWellFormed.Should().BeTrue();
        (await presented.ReadAsync("jrt_" + access)).Should().BeOfType<PresentedToken.Refused>();
        (await presented.ReadAsync("jpat_x")).Should().BeOfType<PresentedToken.Personal>().Which.Token.IsWellFormed.Should().BeFalse();
        (await presented.ReadAsync("nothing"))
            .Should().BeOfType<PresentedToken.Refused>().Which.Rejection.Should().Be(TokenRejection.NotCompact);
    }
}
