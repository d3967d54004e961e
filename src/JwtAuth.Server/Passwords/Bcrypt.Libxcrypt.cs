using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace JwtAuth.Server.Passwords;

// The system's libxcrypt (crypt(3), crypt_gensalt(3)).
internal static partial class Bcrypt
{
    private const string Library = "libcrypt";

    // sizeof(struct crypt_data), the same in every libxcrypt.
    private const int DataSize = 32768;
    private const int OutputSize = 192;

    static Bcrypt() => NativeLibrary.SetDllImportResolver(typeof(Bcrypt).Assembly, Resolve);

    /// <summary>Computes a known hash once, so that a missing or wrong library stops the start.</summary>
    /// <exception cref="DllNotFoundException">No libcrypt on this system.</exception>
    /// <exception cref="PlatformNotSupportedException">The libcrypt that is there does not know bcrypt.</exception>
    public static void Probe()
    {
        if (!Verify("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"))
            throw new PlatformNotSupportedException("libcrypt does not know bcrypt; install libxcrypt (Debian, Ubuntu: libcrypt1).");
    }

    private static unsafe string HashPhrase(byte[] phrase, int workFactor)
    {
        byte[] setting = new byte[OutputSize];
        Span<byte> salt = stackalloc byte[16];
        RandomNumberGenerator.Fill(salt);
        fixed (byte* prefix = "$2b$\0"u8, random = salt, output = setting)
        {
            if (GenerateSalt(prefix, new CULong((uint)workFactor), random, salt.Length, output, setting.Length) is null)
                throw new CryptographicException("crypt_gensalt_rn refused the work factor.");
        }
        return Crypt(phrase, setting) ?? throw new CryptographicException("crypt_rn refused the password.");
    }

    private static bool VerifyPhrase(byte[] phrase, string hash)
    {
        byte[] setting = new byte[hash.Length + 1];
        Encoding.ASCII.GetBytes(hash, setting);
        // The salt's last character has bits to spare, which libxcrypt writes in its own way: compare what follows it.
        return Crypt(phrase, setting) is { Length: HashLength } computed
            && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(computed[SaltEnd..]), Encoding.ASCII.GetBytes(hash[SaltEnd..]));
    }

    private static unsafe string? Crypt(byte[] phrase, byte[] setting)
    {
        byte* data = (byte*)NativeMemory.AllocZeroed(DataSize);
        try
        {
            fixed (byte* phraseStart = phrase, settingStart = setting)
                return Marshal.PtrToStringAnsi((nint)CryptRn(phraseStart, settingStart, data, DataSize));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(new Span<byte>(data, DataSize));
            NativeMemory.Free(data);
        }
    }

    [LibraryImport(Library, EntryPoint = "crypt_rn")]
    private static unsafe partial byte* CryptRn(byte* phrase, byte* setting, void* data, int size);

    [LibraryImport(Library, EntryPoint = "crypt_gensalt_rn")]
    private static unsafe partial byte* GenerateSalt(byte* prefix, CULong count, byte* random, int randomLength, byte* output, int outputSize);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library)
            return 0;
        foreach (string candidate in (ReadOnlySpan<string>)["libcrypt.so.1", "libcrypt.so.2"])
        {
            if (NativeLibrary.TryLoad(candidate, assembly, path, out nint handle))
                return handle;
        }
        throw new DllNotFoundException("libcrypt is missing; install libxcrypt (Debian, Ubuntu: apt-get install libcrypt1).");
    }
}
