using System.Text.Json;
using JwtAuth.Server.Errors;
using JwtAuth.Server.Pipeline;
using JwtAuth.Tests.Authentication;
using JwtAuth.Tests.Hosting;

namespace JwtAuth.Tests.Pipeline;

/// <summary>The API's description, held to what the service does.</summary>
public sealed class OpenApiTests(OneHost fixture) : IClassFixture<OneHost>
{
    private const string Document = "/swagger/v1/swagger.json";

    private readonly ServerHost host = fixture.Host;

    [Fact]
    public async Task Every_error_has_its_schema_and_names_codes_that_there_are_each_with_an_example()
    {
        int described = 0;
        foreach ((string id, JsonElement operation) in await OperationsAsync())
        {
            foreach (JsonProperty response in ErrorsOf(operation))
            {
                string what = $"{id} {response.Name}";
                JsonProperty content = response.Value.GetProperty("content").EnumerateObject().Should().ContainSingle(what).Subject;
                bool isOAuth = content.Name == "application/json";
                content.Value.GetProperty("schema").GetProperty("$ref").GetString()
                    .Should().Be($"#/components/schemas/{(isOAuth ? "OAuthError" : "Problem")}", what);
                if (!isOAuth)
                    content.Name.Should().Be(Problems.ContentType, what);

                string[] codes = [.. DescribedErrors.CodesIn(response.Value.GetProperty("description").GetString())];
                codes.Should().NotBeEmpty(what);
                foreach (string code in codes)
                    Exists(isOAuth, code, response.Name).Should().BeTrue($"{what} names {code}");
                content.Value.GetProperty("examples").EnumerateObject().Select(example => example.Name).Should().Equal(codes, what);
                described++;
            }
        }
        described.Should().BeGreaterThan(150);
        Exists(isOAuth: false, "no_such_code", "400").Should().BeFalse();
        Exists(isOAuth: false, "not_found", "400").Should().BeFalse();

        static bool Exists(bool isOAuth, string code, string status) => isOAuth
            ? OAuthErrorCode.All.Any(error => error.Code == code) || code == ErrorCode.ServerError.Code
            : ErrorCode.All.Any(error => error.Code == code && $"{error.Status}" == status);
    }

    [Fact]
    public async Task Every_operation_has_a_name_of_its_own_and_they_stand_in_the_order_of_the_story()
    {
        string[] names = [.. (await OperationsAsync()).Select(operation => operation.Id)];

        names.Should().Equal(ApiDescriptions.Story);
        names.Should().StartWith(["register", "login", "me", "refresh", "logOut"]);
        (await DocumentAsync()).GetProperty("tags").EnumerateArray().Select(tag => tag.GetProperty("name").GetString())
            .Should().Equal("Account", "Sessions", "Personal access tokens", "Administration", "Clients", "Metadata");
    }

    [Theory]
    [InlineData("listUsers", "400 401 403 500 503")]
    [InlineData("giveRole", "400 401 403 404 409 500 503")]
    [InlineData("resetPassword", "400 401 403 404 408 413 415 500 503")]
    [InlineData("me", "400 401 429 500 503")]
    [InlineData("login", "400 401 403 408 413 415 429 500 503")]
    [InlineData("readKeys", "400 500 503")]
    public async Task An_operation_describes_every_error_that_it_can_answer(string id, string statuses)
    {
        JsonElement operation = (await OperationsAsync()).Single(found => found.Id == id).Operation;

        string.Join(' ', ErrorsOf(operation).Select(response => response.Name)).Should().Be(statuses);
    }

    // Refusals of every layer, as the service gives them.
    [Theory]
    [InlineData("register", "POST", "/auth/register", "{}", null, 400)]
    [InlineData("register", "POST", "/auth/register", """{"username":"alice","password":"a quiet harbour at dawn"}""", null, 409)]
    [InlineData("login", "POST", "/auth/login", """{"username":"alice","password":"a noisy harbour at dusk"}""", null, 401)]
    [InlineData("login", "POST", "/auth/login", null, null, 415)]
    [InlineData("me", "GET", "/me", null, null, 401)]
    [InlineData("me", "GET", "/me?a=1&a=2", null, "user", 400)]
    [InlineData("refresh", "POST", "/auth/refresh", """{"refresh_token":"x"}""", null, 400)]
    [InlineData("endSession", "DELETE", "/auth/sessions/x", null, "user", 404)]
    [InlineData("makePersonalAccessToken", "POST", "/auth/tokens", """{"name":"x","scope":"no-such"}""", "user", 400)]
    [InlineData("listUsers", "GET", "/admin/users", null, "user", 403)]
    [InlineData("listUsers", "GET", "/admin/users?limit=0", null, "admin", 400)]
    [InlineData("disableUser", "POST", "/admin/users/x/disable", null, "admin", 404)]
    [InlineData("giveRole", "PUT", "/admin/users/x/roles/UPPER", null, "admin", 400)]
    [InlineData("introspect", "POST", "/oauth/introspect", "{}", null, 401)]
    [InlineData("readDenials", "GET", "/denials", null, null, 401)]
    [InlineData("readDenials", "GET", "/denials?wait=1&wait=2", null, null, 400)]
    public async Task What_the_service_answers_is_described_with_its_form_and_its_code(
        string id, string method, string path, string? body, string? bearer, int status)
    {
        using HttpClient client =
            host.Connect(bearer switch { "user" => fixture.UserToken, "admin" => fixture.AdminToken, _ => null });
        JsonElement responses = (await OperationsAsync()).Single(found => found.Id == id).Operation.GetProperty("responses");

        Reply refused = await client.AskAsync(method, path, body);

        refused.Status.Should().Be(status);
        JsonProperty described = responses.GetProperty($"{status}").GetProperty("content").EnumerateObject().Single();
        refused.Header("Content-Type").Should().StartWith(described.Name);
        string code = refused.Json.GetProperty(described.Name == Problems.ContentType ? "code" : "error").GetString()!;
        described.Value.GetProperty("examples").EnumerateObject().Select(example => example.Name).Should().Contain(code);
    }

    [Fact]
    public async Task Bodies_that_must_be_sent_are_required_and_the_one_that_may_be_left_out_is_not()
    {
        Dictionary<string, bool> required = (await OperationsAsync())
            .Where(found => found.Operation.TryGetProperty("requestBody", out _))
            .ToDictionary(found => found.Id, found => found.Operation.GetProperty("requestBody") is var body
                && body.TryGetProperty("required", out JsonElement isRequired) && isRequired.GetBoolean());

        required.Where(body => !body.Value).Select(body => body.Key).Should().Equal("logOut", "revokeToken");
        required.Should().HaveCountGreaterThan(9);
    }

    [Theory]
    [InlineData("LoginRequest", "credential", "bearer session signed_cookie")]
    [InlineData("LoginRequest", "refresh", "cookie")]
    [InlineData("RefreshRequest", "refresh", "cookie")]
    [InlineData("TokenReply", "token_type", "Bearer")]
    [InlineData("CookieReply", "credential", "session signed_cookie")]
    [InlineData("MeReply", "scheme", "bearer session signed_cookie personal_access_token basic")]
    [InlineData("EndedReply", "refresh_token", "revoked none")]
    [InlineData("EndedReply", "access_token", "denied live none")]
    [InlineData("EndedReply", "session", "ended none")]
    [InlineData("EndedReply", "signed_cookie", "live none")]
    [InlineData("SessionReply", "credential", "refresh_token session")]
    public async Task A_closed_list_of_words_is_described_as_one(string schema, string member, string words)
    {
        JsonElement described = (await SchemasAsync()).GetProperty(schema).GetProperty("properties").GetProperty(member);

        described.GetProperty("enum").EnumerateArray().Select(word => word.GetString()).OfType<string>().Should().Equal(words.Split(' '));
    }

    [Fact]
    public async Task A_login_answers_one_of_two_shapes_and_every_member_that_is_always_there_is_required()
    {
        JsonElement schemas = await SchemasAsync();
        (await OperationsAsync()).Single(found => found.Id == "login").Operation.GetProperty("responses").GetProperty("200")
            .GetProperty("content").GetProperty("application/json").GetProperty("schema").GetProperty("$ref").GetString()
            .Should().Be("#/components/schemas/LoginReply");
        schemas.GetProperty("LoginReply").GetProperty("oneOf").EnumerateArray().Select(shape => shape.GetProperty("$ref").GetString())
            .Should().Equal("#/components/schemas/TokenReply", "#/components/schemas/CookieReply");

        Required("TokenReply").Should().Equal("access_token", "expires_in", "scope", "token_type");
        Required("CookieReply").Should().Equal("credential", "expires_at", "scope");
        Required("Problem").Should().Equal("code", "status", "title");
        schemas.GetProperty("LoginRequest").GetProperty("additionalProperties").GetBoolean().Should().BeFalse("a misspelt one is refused");
        schemas.GetProperty("TokenReply").TryGetProperty("additionalProperties", out _).Should().BeFalse("it may have more one day");

        IEnumerable<string?> Required(string schema) =>
            schemas.GetProperty(schema).GetProperty("required").EnumerateArray().Select(member => member.GetString()).Order();
    }

    [Fact]
    public async Task Every_kind_of_credential_is_described_where_it_is_taken_and_the_page_is_told_of_the_access_token_alone()
    {
        JsonElement whole = await DocumentAsync(), page = await DocumentAsync("?credentials=bearer");

        Schemes(whole).Should().Equal("Bearer", "session", "signed_cookie", "refresh_token", "basic", "client");
        Of(whole, "me").Should().Equal("Bearer", "session", "signed_cookie", "basic");
        Of(whole, "logOut").Should().Equal("Bearer", "session", "signed_cookie", "refresh_token");
        Of(whole, "changePassword").Should().Equal("Bearer", "session");
        Of(whole, "listUsers").Should().Equal("Bearer");
        Of(whole, "refresh").Should().Equal("", "refresh_token");
        Of(whole, "login").Should().BeEmpty();
        Of(whole, "introspect").Should().Equal("client", "");
        Of(whole, "readDenials").Should().Equal("client");

        Schemes(page).Should().Equal("Bearer");
        Of(page, "me").Should().Equal("Bearer");
        foreach (string other in (string[])["refresh", "login", "introspect", "readDenials"])
            Of(page, other).Should().BeEmpty();

        static IEnumerable<string> Schemes(JsonElement document) =>
            document.GetProperty("components").GetProperty("securitySchemes").EnumerateObject().Select(scheme => scheme.Name);

        static IEnumerable<string> Of(JsonElement document, string id) =>
            Operations(document).Single(found => found.Id == id).Operation.GetProperty("security").EnumerateArray()
                .Select(requirement => requirement.EnumerateObject().Select(scheme => scheme.Name).SingleOrDefault(""));
    }

    [Fact]
    public async Task Where_other_credentials_are_turned_off_they_are_not_described()
    {
        await using ServerHost strict = new ServerHost()
            .With("JwtAuth:Basic:Enabled", "false").With("JwtAuth:SignedCookies:Enabled", "false");
        using HttpClient client = strict.Connect();

        Reply document = await client.AskAsync("GET", Document);

        document.Json.GetProperty("components").GetProperty("securitySchemes").EnumerateObject().Select(scheme => scheme.Name)
            .Should().Equal("Bearer", "session", "refresh_token", "client");
    }

    [Theory]
    [InlineData("reports:read", "", "reports", "12")]
    [InlineData("reports:read", "admin", "reports", "12")]
    [InlineData(null, null, "https://api.example.com/v1", "64")]
    public async Task The_examples_register_and_log_in_whatever_is_configured(string? scope, string? role, string audience, string length)
    {
        await using ServerHost elsewhere = Production.Host()
            .With("JwtAuth:Swagger:Enabled", "true").With("JwtAuth:Registration:Open", "true")
            .With("JwtAuth:Audiences", audience).With("JwtAuth:Passwords:MinimumLength", length)
            .With("JwtAuth:Scopes:orders:read", "nobody-has-this-role");
        if (scope is not null)
            elsewhere.With($"JwtAuth:Scopes:{scope}", role!);
        using HttpClient client = elsewhere.ConnectByProxy();
        JsonElement schemas = (await client.AskAsync("GET", Document)).Json.GetProperty("components").GetProperty("schemas");

        Reply made = await client.AskAsync("POST", "/auth/register", Example("RegisterRequest"));
        Reply login = await client.AskAsync("POST", "/auth/login", Example("LoginRequest"));

        (made.Status, login.Status).Should().Be((201, 200), made.Body + login.Body);
        JsonDocument.Parse(Example("LoginRequest")).RootElement.GetProperty("audience").GetString().Should().Be(audience);

        string Example(string schema) => schemas.GetProperty(schema).GetProperty("example").GetRawText();
    }

    private static IEnumerable<JsonProperty> ErrorsOf(JsonElement operation) =>
        operation.GetProperty("responses").EnumerateObject().Where(response => response.Name[0] >= '4');

    private async Task<JsonElement> SchemasAsync() => (await DocumentAsync()).GetProperty("components").GetProperty("schemas");

    private async Task<IReadOnlyList<(string Id, JsonElement Operation)>> OperationsAsync() => Operations(await DocumentAsync());

    private static (string Id, JsonElement Operation)[] Operations(JsonElement document) =>
        [.. document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject())
            .Select(operation => (operation.Value.GetProperty("operationId").GetString()!, operation.Value))];

    private async Task<JsonElement> DocumentAsync(string query = "")
    {
        using HttpClient client = host.Connect();
        return (await client.AskAsync("GET", Document + query)).Json;
    }
}
