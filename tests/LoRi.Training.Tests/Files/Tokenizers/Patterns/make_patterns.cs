#:package Tokenizers.DotNet@1.4.1
#:package Tokenizers.DotNet.runtime.linux-x64@1.4.1
#:property PublishAot=false
// Makes patterns.jsonl: `dotnet run make_patterns.cs > patterns.jsonl`. Each line of the result is a pattern, a text, and the
// pieces into which the tokenizers library (by its .NET binding above) cuts the text with the pattern: all of them, and those
// that are no match. The vocabulary has every part of the text as a word, so that ids tell the pieces. Patterns that the library
// refuses are left out. The random ones come from the grammar below, seed 5.
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

string file = Path.Combine(Directory.CreateTempSubdirectory().FullName, "tokenizer.json");
JsonSerializerOptions plain = new() { Encoder = JavaScriptEncoder.Default,
    TypeInfoResolver = new System.Text.Json.Serialization.Metadata.DefaultJsonTypeInfoResolver() };
Random random = new(5);

string[] Cut(string pattern, string text, string behavior)
{
    string[] letters = [.. text.EnumerateRunes().Select(rune => rune.ToString())];
    string[] words = [.. Enumerable.Range(0, letters.Length).SelectMany(from => Enumerable.Range(1, letters.Length - from)
        .Select(count => string.Concat(letters.Skip(from).Take(count)))).Distinct()];
    Dictionary<string, int> vocabulary = words.Select((word, id) => (word, id)).ToDictionary(pair => pair.word, pair => pair.id);
    vocabulary["\uE000"] = words.Length;
    File.WriteAllText(file, JsonSerializer.Serialize(new Dictionary<string, object?>
    {
        ["version"] = "1.0", ["truncation"] = null, ["padding"] = null, ["added_tokens"] = Array.Empty<int>(), ["normalizer"] = null,
        ["pre_tokenizer"] = new Dictionary<string, object?>
        {
            ["type"] = "Split",
            ["pattern"] = new Dictionary<string, object?> { ["Regex"] = pattern },
            ["behavior"] = behavior,
            ["invert"] = false,
        },
        ["post_processor"] = null, ["decoder"] = null,
        ["model"] = new Dictionary<string, object?> { ["type"] = "WordLevel", ["vocab"] = vocabulary, ["unk_token"] = "\uE000" },
    }, plain));
    using Tokenizers.DotNet.Tokenizer tokenizer = new(file);
    return [.. tokenizer.Encode(text).Select(id => words[(int)id])];
}

void Write(string pattern, string text)
{
    try
    {
        Console.WriteLine(JsonSerializer.Serialize(
            new object[] { pattern, text, Cut(pattern, text, "Isolated"), Cut(pattern, text, "Removed") }, plain));
    }
    catch (Tokenizers.DotNet.TokenizerException)
    {
    }
}

string Pick(params string[] choices) => choices[random.Next(choices.Length)];
string Letter() => Pick("a", "b", "c", "A", "1", "_", "é", "ſ", "😀", "漢", "\\n",
    " ", "-", "\\x41", "\\u00e9", "\\.", "k", "s", "\\x{1F600}", "&", "ß", "²");
string Member(int depth) => random.Next(depth > 0 ? 9 : 6) switch
{
    0 => "a-c",
    1 => Pick("\\w", "\\s", "\\d", "\\h", "\\W", "\\S", "\\H"),
    2 => Pick("\\p{L}", "\\P{L}", "\\p{^N}", "\\p{Lu}", "\\p{So}"),
    3 => Pick("[[:punct:]]", "[[:^space:]]", "[[:word:]]", "😀-🙏"),
    6 => Class(depth - 1),
    7 => "&&" + Class(depth - 1),
    8 => "&&" + Pick("a", "b-k", "\\w"),
    _ => Pick("a", "b", "A", "1", "_", "é", "&", "-", "k", "s", ".", "漢", "\\n", " "),
};
string Class(int depth) => "[" + (random.Next(3) == 0 ? "^" : "")
    + string.Concat(Enumerable.Range(0, 1 + random.Next(3)).Select(_ => Member(depth))) + "]";
string Atom(int depth) => random.Next(12) switch
{
    0 or 1 or 2 => Letter(),
    3 => ".",
    4 or 5 => Class(2),
    6 => Pick("\\w", "\\s", "\\d", "\\h", "\\W", "\\S", "\\H", "\\R", "\\p{L}", "\\p{^L}", "\\P{N}"),
    7 => Pick("^", "$", "\\b", "\\B", "\\A", "\\z", "\\Z"),
    8 when depth > 0 => "(" + Branches(depth - 1) + ")",
    9 when depth > 0 => Pick("(?:", "(?>", "(?=", "(?!", "(?<=", "(?<!", "(?i:", "(?m:", "(?x: ") + Branches(depth - 1) + ")",
    10 when depth > 0 => "(?" + Pick("i", "m", "x", "-i", "mi") + ")" + Letter(),
    _ => Letter(),
};
string Branch(int depth) => string.Concat(Enumerable.Range(0, 1 + random.Next(3)).Select(_ => Atom(depth)
    + (random.Next(3) == 0 ? Pick("*", "+", "?", "*?", "+?", "??", "*+", "++", "?+", "{2}", "{1,2}", "{,2}", "{2}+", "{2}?", "{1,}")
        : "")));
string Branches(int depth) => Branch(depth) + (random.Next(4) == 0 ? "|" + Branch(depth) : "");

(string Pattern, string Text)[] chosen =
[
    ("^.", "ab\ncd\n"), (".$", "ab\ncd\n"), ("(?m).+", "ab\ncd\n"), (".+", "ab\ncd\n"), ("a{,2}", "aaaaa"), ("a{2}+", "aaaaaa"),
    ("a{2}?", "aaaaa"),
    ("a{1,2}+", "aaaaa"), ("\\h", "xfG1"), ("\\H", "xfG1"), ("\\R", "a\r\nb"), ("a(?i)b|c", "aBCabc"), ("(?i)k", "\u212akK"),
    ("(?i:'s|'t|'ll)", "it'S o'\u017f 'LL"),
    ("[a-z-[aeiou]]", "abc-e]"), ("[a-z&&[^aeiou]]", "abcde"), ("[a[bc]d]", "abcde"), ("[]a]", "]ab"), ("[^]a]", "]ab"), ("[&&a]", "a&"),
    ("[a&&]", "a&"),
    ("[^a&&b]", "abc"), ("[a-c&&b-d&&c]", "abcd"), ("[a-c-e]", "abc-de"), ("[[:punct:]]", "a$,"), ("\\p{Punct}", "a$,"),
    ("[[:^digit:]]", "a1]:"), ("\\p{^L}", "a1"),
    ("\\P{^L}", "a1"), ("\\p{letter}", "a1"), ("\\p{Uppercase_Letter}", "aA1"), ("\\x{41}", "AB"), ("\\x9", "\t9"), ("\\101", "AB"),
    ("\\07", "\a7"), ("\\10", "10\b"),
    ("(a)\\1", "aaba"), ("(?<n>a)(b)\\k<n>", "abaab"), ("a++b", "aab"), ("(?x) a b # c\n", "abab"), ("{a", "{a"), ("a{,}", "a{,}"),
    ("[😀-🙏]", "a😀b🙏🚀"), ("😀", "a😀b"),
    ("[^😀]", "a😀b🙏"), ("[一-龥]+", "𠀀漢"), ("a\\Z", "a\n"), ("\\w+|[^\\w\\s]+", "na\u0301ive ²³ Ⓐ🅰 x_1 é\u0903!"),
    ("\\b", "a²-¼Ⓐ-\u0903"),
    ("[\\w]+", "a²b"), ("\\s+", "a \u00a0\u2003\u180eb"),
    ("\\d+", "1٣²"), ("(|a)+", "aab"), ("(a|b|)*c", "abcab"), ("", "ab"), ("(?=b)", "ab"), ("[[:blank:]]", "a \t\u00a0\n"),
    ("[[:graph:]]+", "a \u00ad\u0001"), ("\\N+", "a\nb"), ("\\O", "a\n"),
];
foreach ((string pattern, string text) in chosen)
{
    Write(pattern, text);
}

string[] texts = ["abcAB1_ é", "aabbcc\nab\n", "😀a🙏😀b", "kKſsS tßab", "漢a²-b.c&", "a\r\nb\n\nc", "éÉ aab_1²", "aAbBcC[]{}-"];
for (int i = 0; i < 400; i++)
{
    Write(Branches(2), texts[random.Next(texts.Length)]);
}
