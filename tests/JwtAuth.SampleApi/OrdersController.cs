using JwtAuth.Bearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace JwtAuth.SampleApi;

/// <summary>An order as it is asked for.</summary>
public sealed record OrderRequest(string Item, int Quantity);

/// <summary>An order.</summary>
public sealed record Order(int Number, string Item, int Quantity, string Customer);

[ApiController]
public sealed class OrdersController : ControllerBase
{
    private static readonly Order[] Orders = [new(1, "lamp", 2, "alice"), new(2, "chair", 4, "bob"), new(3, "table", 1, "carol")];

    /// <summary>Anyone may read this.</summary>
    [HttpGet("/public")]
    public IReadOnlyList<Order> Public() => Orders;

    /// <summary>Anyone with an access token for this API.</summary>
    [HttpGet("/orders")]
    [Authorize]
    public IReadOnlyList<Order> All() => Orders;

    /// <summary>Anyone whose access token has the scope <c>orders:write</c>. The name is the token's <c>username</c>.</summary>
    [HttpPost("/orders")]
    [RequiredScope("orders:write")]
    public CreatedResult Place(OrderRequest request) =>
        Created("/orders/4", new Order(4, request.Item, request.Quantity, User.Identity!.Name ?? "unnamed"));
}
