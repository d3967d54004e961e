using JwtAuth.Server.Configuration;

namespace JwtAuth.Server.Sealing;

/// <param name="DataDirectory">The absolute path.</param>
/// <param name="MasterKey">32 bytes, or <see langword="null"/> if the key is in the data directory (Development).</param>
internal sealed record SealingSettings(string DataDirectory, byte[]? MasterKey)
{
    public static SealingSettings Read(SettingValues values)
    {
        const string Key = "MasterKey";
        byte[]? masterKey = values.SecretBytes(Key, minimum: 32, maximum: 32);
        if (values[Key] is null && !values.IsDevelopment)
            values.Fault(Key, "is missing", "make one with: openssl rand -base64 32, and keep it where the database's backups are not");
        return new SealingSettings(values.Directory("DataDirectory", otherwise: "data"), masterKey);
    }
}
