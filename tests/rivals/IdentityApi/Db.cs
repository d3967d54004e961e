using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace IdentityApi;

internal sealed class Db(DbContextOptions<Db> options) : IdentityDbContext<IdentityUser>(options);
