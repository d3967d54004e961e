using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace OpenIddictServer;

internal sealed class Db(DbContextOptions<Db> options) : IdentityDbContext<IdentityUser>(options);
