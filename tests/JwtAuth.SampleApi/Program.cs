
// Somebody's API beside the auth service. All that it needs of it is one line, and the configuration's section JwtAuth.
WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.Services.AddControllers();
builder.Services.AddAuthentication().AddJwtAuthBearer();
builder.Services.AddHealthChecks().AddJwtAuthBearer();

WebApplication app = builder.Build();
app.UseAuthentication();
app.UseAuthorization();
app.MapControllers();
app.MapHealthChecks("/health");
app.Run();
