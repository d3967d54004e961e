using System.Text;
using JwtAuth.Tests.Hosting;
using JwtAuth.Tests.Revocation;

namespace JwtAuth.Tests.Passwords;

public sealed class PasswordTests(PasswordTests.Fixture fixture) : IClassFixture<PasswordTests.Fixture>
{
    private readonly ServerHost host = fixture.Host;

    public static TheoryData<string, string> Pairs => new()
    {
        { "a quiet harbour at dawn", "a quiet harbour at dawn " },
        { "a quiet harbour at dawn", " a quiet harbour at dawn" },
        { "a quiet harbour at dawn", "A quiet harbour at dawn" },
        { "a quiet harbour at dawn", "a  quiet harbour at dawn" },
        { "a quiet harbour at dawn", "a quiet harbour at dawn\n" },
        { "a quiet harbour at dawn", "a\u00a0quiet harbour at dawn" },
        { "a quiet harbour at dawn", "a quiet harbour at daw" },
        { "a quiet harbour at dawn", "a quiet harbour at dawn\u200b" },
        { "café at the harbour", "cafe at the harbour" },
        { "ﬁrst light at sea", "first light at sea" }, // NFKC
        { "straße am hafen", "strasse am hafen" },
        { "ISTANBUL limanı", "istanbul limanı" },
        { "пароль на берегу", "пароль на бepeгу" }, // Latin letters among Cyrillic ones
        { "four emoji are 😀😀😀😀", "four emoji are 😀😀😀😁" },
        { "x\u0001 control characters", "x\u0002 control characters" },
        { "seventy-two bytes: 012345678901234567890123456789012345678901234567890AB",
            "seventy-two bytes: 012345678901234567890123456789012345678901234567890AC" },
    };

    [Theory, Trait("row", "PWD-09")]
    [MemberData(nameof(Pairs))]
    public async Task A_password_is_exact(string password, string almost)
    {
        using HttpClient client = host.Connect();
        string name = Name();
        (await client.RegisterAsync(name, password)).Status.Should().Be(201);

        (await client.LoginAsync(name, almost)).Status.Should().Be(401);
        (await client.LoginAsync(name, password)).Status.Should().Be(200);
    }

    public static TheoryData<string, string> TooLong => new()
    {
        { new string('A', 72) + "secret", new string('A', 72) },
        { new string('A', 73), new string('A', 72) },
        { string.Concat(Enumerable.Repeat("😀", 19)), string.Concat(Enumerable.Repeat("😀", 18)) }, // 76 bytes, 72 bytes
        { new string('é', 36) + "x", new string('é', 36) },
        { new string('a', 71) + "é", new string('a', 70) + "é" },
        { "a quiet harbour\0at dawn", "a quiet harbour" },
        { "a quiet harbour\0", "a quiet harbour" },
        { "\0a quiet harbour", "a quiet harbour" },
        { new string('A', 60_000), new string('A', 72) },
    };

    [Theory, Trait("row", "PWD-03"), Trait("row", "PWD-05"), Trait("row", "PWD-06")]
    [MemberData(nameof(TooLong))]
    public async Task What_bcrypt_would_cut_is_refused_by_name_whoever_is_asked_for(string password, string cut)
    {
        using HttpClient client = host.Connect();
        string name = Name();

        Reply registration = await client.RegisterAsync(name, password);
        (registration.Status, registration.Code).Should().Be((400, "weak_password"));
        registration.Json.GetProperty("detail").GetString().Should().MatchRegex("72 bytes|NUL");
        (await client.RegisterAsync(name, cut)).Status.Should().Be(201);
        int lookUps = Refusals();

        Reply known = await client.LoginAsync(name, password), unknown = await client.LoginAsync("nobody-" + name[..20], password);

        (known.Status, known.Code).Should().Be((400, "invalid_request"));
        unknown.Bytes.Should().Be(known.Bytes);
        Refusals().Should().Be(lookUps, "it was refused before the door");
        (await client.LoginAsync(name, cut)).Status.Should().Be(200);

        int Refusals() => host.Log.All.Count(line => line.Contains("Login refused", StringComparison.Ordinal));
    }

    [Theory, Trait("row", "PWD-24")]
    [InlineData("")]
    [InlineData("1234567")]
    [InlineData("eleven char")]
    [InlineData("e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301")] // six characters, twelve code points
    [InlineData("👩🏽‍💻👩🏽‍💻👩🏽‍💻")]
    [InlineData("password1234")]
    [InlineData("PASSWORD1234")]
    [InlineData("qwertyuiop123")]
    [InlineData("123456789012")]
    [InlineData("aaaaaaaaaaaa")]
    [InlineData("{name}")]
    [InlineData("{NAME}")]
    public async Task A_weak_password_is_refused(string weak)
    {
        using HttpClient client = host.Connect();
        string name = Name();
        weak = weak.Replace("{name}", name, StringComparison.Ordinal).Replace("{NAME}", name.ToUpperInvariant(), StringComparison.Ordinal);

        Reply refused = await client.RegisterAsync(name, weak);

        (refused.Status, refused.Code).Should().Be((400, "weak_password"));
        (await client.LoginAsync(name, weak)).Status.Should().NotBe(200);
    }

    [Theory, Trait("row", "PWD-24")]
    [InlineData("twelve chars")]
    [InlineData("correct horse battery staple")]
    [InlineData("只有小写字母的密码也可以用的")]
    [InlineData("            .")]
    [InlineData("sixty-four characters or more are welcome, as a pass phrase is ok")]
    public async Task Any_composition_of_twelve_characters_will_do(string password)
    {
        using HttpClient client = host.Connect();
        string name = Name();

        (await client.RegisterAsync(name, password)).Status.Should().Be(201);
        (await client.LoginAsync(name, password)).Status.Should().Be(200);
        Encoding.UTF8.GetByteCount(password).Should().BeLessThanOrEqualTo(72);
    }

    private static string Name() => $"user-{Guid.NewGuid():N}";

    public sealed class Fixture : IAsyncDisposable
    {
        internal ServerHost Host { get; } = new();

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }
}
