using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace JwtAuth.Server.Storage.Sqlite.Migrations
{
    /// <inheritdoc />
    public partial class SealsAndKnownNetworks : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Sessions_CookieHash",
                table: "Sessions");

            migrationBuilder.AddColumn<byte[]>(
                name: "Seal",
                table: "SigningKeys",
                type: "BLOB",
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "Seal",
                table: "Sessions",
                type: "BLOB",
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "Seal",
                table: "PersonalAccessTokens",
                type: "BLOB",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "TokensUntil",
                table: "PersonalAccessTokens",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "KnownNetworks",
                columns: table => new
                {
                    Subject = table.Column<string>(type: "TEXT", nullable: false),
                    Network = table.Column<string>(type: "TEXT", nullable: false),
                    LastAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_KnownNetworks", x => new { x.Subject, x.Network });
                    table.ForeignKey(
                        name: "FK_KnownNetworks_AspNetUsers_Subject",
                        column: x => x.Subject,
                        principalTable: "AspNetUsers",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "WriteProbes",
                columns: table => new
                {
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    Content = table.Column<byte[]>(type: "BLOB", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_WriteProbes", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_Sessions_CookieHash",
                table: "Sessions",
                column: "CookieHash",
                unique: true,
                filter: "\"CookieHash\" IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Sessions_ExpiresAt",
                table: "Sessions",
                column: "ExpiresAt");

            migrationBuilder.CreateIndex(
                name: "IX_Sessions_RotatedAt_Cookies",
                table: "Sessions",
                column: "RotatedAt",
                filter: "\"CookieHash\" IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Sessions_RotatedAt_RefreshTokens",
                table: "Sessions",
                column: "RotatedAt",
                filter: "\"CookieHash\" IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_PersonalAccessTokens_ExpiresAt",
                table: "PersonalAccessTokens",
                column: "ExpiresAt");

            migrationBuilder.CreateIndex(
                name: "IX_Denials_TokenSubject_ExpiresAt",
                table: "Denials",
                columns: new[] { "TokenSubject", "ExpiresAt" });

            migrationBuilder.CreateIndex(
                name: "IX_KnownNetworks_LastAt",
                table: "KnownNetworks",
                column: "LastAt");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "KnownNetworks");

            migrationBuilder.DropTable(
                name: "WriteProbes");

            migrationBuilder.DropIndex(
                name: "IX_Sessions_CookieHash",
                table: "Sessions");

            migrationBuilder.DropIndex(
                name: "IX_Sessions_ExpiresAt",
                table: "Sessions");

            migrationBuilder.DropIndex(
                name: "IX_Sessions_RotatedAt_Cookies",
                table: "Sessions");

            migrationBuilder.DropIndex(
                name: "IX_Sessions_RotatedAt_RefreshTokens",
                table: "Sessions");

            migrationBuilder.DropIndex(
                name: "IX_PersonalAccessTokens_ExpiresAt",
                table: "PersonalAccessTokens");

            migrationBuilder.DropIndex(
                name: "IX_Denials_TokenSubject_ExpiresAt",
                table: "Denials");

            migrationBuilder.DropColumn(
                name: "Seal",
                table: "SigningKeys");

            migrationBuilder.DropColumn(
                name: "Seal",
                table: "Sessions");

            migrationBuilder.DropColumn(
                name: "Seal",
                table: "PersonalAccessTokens");

            migrationBuilder.DropColumn(
                name: "TokensUntil",
                table: "PersonalAccessTokens");

            migrationBuilder.CreateIndex(
                name: "IX_Sessions_CookieHash",
                table: "Sessions",
                column: "CookieHash",
                unique: true);
        }
    }
}
