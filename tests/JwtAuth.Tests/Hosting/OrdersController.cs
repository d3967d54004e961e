using JwtAuth.Bearer;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.Tests.Hosting;

/// <summary>An API of somebody else, in the tests' own host.</summary>
[ApiController]
internal sealed class OrdersController : ControllerBase
{
    [HttpPost("/orders")]
    [RequiredScope("orders:write")]
    public OkResult Place() => Ok();
}
