namespace JwtAuth.Tests.Pipeline;

/// <summary>Strings that some parser, somewhere, has mistaken for something else.</summary>
internal static class NaughtyStrings
{
    public static IReadOnlyList<string> All { get; } =
    [
        // Words that become values
        "", " ", "undefined", "null", "NULL", "(null)", "nil", "NaN", "Infinity", "-Infinity", "true", "false", "None", "hasOwnProperty",
            "__proto__", "constructor", "then", "[object Object]",
        // Numbers
        "0", "-1", "1.00", "1E+02", "0x0", "0xffffffffffffffff", "99999999999999999999999999", "1/0", "-0.0", "1e400", "٠١٢", "１２３", "½",
            "-9223372036854775809", "1,000,000.00",
        // Quotes and separators
        "'", "\"", "''", "\\", "\\\\", "`", "´", "‘quoted’", ";", "|", "&", "&&", "||", "$", "#", "%", "%%", "^", "~", "<>?:\"{}|_+",
            ",./;'[]\\-=", "!@#$%^&*()`~",
        // SQL
        "' OR '1'='1", "' OR 1=1--", "\" OR \"\"=\"", "admin'--", "admin' #",
            "1;DROP TABLE AspNetUsers", "1'; DROP TABLE AspNetUsers-- 1", "' UNION SELECT NULL,NULL--", "' AND 1=randomblob(1000000000)--",
            "'; WAITFOR DELAY '0:0:5'--", "' || (SELECT PasswordHash FROM AspNetUsers) || '", "x' AND sqlite_version() > '3", "%' ESCAPE '",
            "_%_", "1 OR 1=1", "') OR ('1'='1", "1)); ATTACH DATABASE 'x.db' AS x;--", "' GROUP BY 1 HAVING 1=1--", "\\'; --",
        // Scripts and markup
        "<script>alert(1)</script>", "\"><script>alert(1)</script>",
            "'><img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "javascript:alert(1)", "</textarea><script>", "<!--", "-->",
            "<![CDATA[x]]>", "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>", "{{7*7}}",
            "${7*7}", "#{7*7}", "<%= 7*7 %>", "@(7*7)", "${jndi:ldap://127.0.0.1/x}", "<iframe src=//evil.example>", "\u003cscript\u003e",
            "&lt;script&gt;", "data:text/html,<script>1</script>",
        // Shells and formats
        "$(touch x)", "`touch x`", "; ls -la", "| cat /etc/passwd", "$HOME", "%d%s%n", "%n%n%n%n", "%x%x%x", "{0}", "{0:N99999}",
            "{username}", "System(\"ls\")", "eval(\"1\")", "-rf", "--help", "() { 0; }; echo x",
        // Paths and addresses
        "../../../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/passwd\0.png", "file:///etc/passwd", "....//....//", "%2e%2e%2f",
            "..%c0%af", "C:\\boot.ini", "CON", "NUL", "~/.ssh/id_rsa", "//evil.example/x", "http://169.254.169.254/", "/dev/null",
        // LDAP, mail, HTTP, JSON, NoSQL
        "*)(uid=*))(|(uid=*", "a@b\r\nBcc: x@y", "x\r\nSet-Cookie: a=b", "x\nX-Injected: 1", "\r\n\r\nHTTP/1.1 200 OK",
            "%0d%0aSet-Cookie:a=b", "{\"$gt\":\"\"}", "[$ne]", "\",\"admin\":true,\"x\":\"", "a\tb",
        // Control characters
        "\0", "a\0b", "\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008", "\u001b[31mred\u001b[0m", "\u001b]0;title\u0007", "\u007f",
            "\u0080\u0085\u009f", "\v\f", "\u2028\u2029", "\u0085",
        // Unicode
        "Ω≈ç√∫˜µ≤≥÷", "田中さんにあげて下さい", "和製漢語", "사회과학원", "אבגדה", "مُنَاقَشَةُ", "ДЖГЙ", "👩🏽‍💻👾🙇💁", "🇺🇸🇷🇺",
            "Ṱ̺̺̕o͞ ̷i̲̬͇̪͙n̝̗͕v̟̜̘̦͟o̶̙̰̠kè͚̮̺̪̹̱̤", "ﷺ", "İstanbul", "ıIiİ", "ß", "ﬀ", "Å", "A\u030a", "\u0041\u0301", "ａｄｍｉｎ", "аdmin",
            "\u202etxet", "\u200b", "\ufeff", "\ufffe", "\uffff", "\u00ad", "𝕒𝕕𝕞𝕚𝕟", "\ud83d\ude00", "ʇunpᴉpᴉɔuᴉ", "הָיְתָהtestالصفحات",
        // Long
        new('a', 73), new('a', 300), new('é', 40), new('%', 4000), string.Concat(Enumerable.Repeat("😀", 500)), new('[', 3000),
            new('A', 30000),
        // Look like ours
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.", "Bearer x", "$2b$10$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "orders:read", "admin", "?",
    ];
}
