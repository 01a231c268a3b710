using System.IO.Compression;
using System.Text.Json.Nodes;
using LoRi.Files.Disk;
using LoRi.Files.Gguf;
using LoRi.Files.Json;

namespace LoRi.Files.Tokenizers;

/// <summary>Finds and loads tokenizers.</summary>
public static class TokenizerFile
{
    private const int LargestJson = 1 << 28;

    private static readonly string[] Names = ["tokenizer.json", "tokenizer.json.gz"];

    /// <summary>
    /// Loads a <c>tokenizer.json</c> (also gzip-compressed), a <c>.gguf</c> file's own vocabulary, or the one of these that a folder holds:
    /// <c>tokenizer.json</c>, <c>tokenizer.json.gz</c>, or its only <c>.gguf</c> file, in this order; a run directory's are in
    /// its <c>final</c>.
    /// </summary>
    /// <param name="path">The file or folder.</param>
    /// <exception cref="InputException">There is none, it is malformed, or it has a component that is not supported.</exception>
    public static TextTokenizer Load(string path)
    {
        var file = Find(path) ?? throw new InputException(
            $"{path}: holds neither {string.Join(" nor ", Names)} nor one .gguf file; name a tokenizer file or folder with --tokenizer");
        if (file.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
        {
            using var gguf = GgufFile.Open(file);
            return GgufTokenizer.Load(gguf);
        }

        var config = ReadConfig(file);
        TemplateFiles.Add(file, config);
        return TokenizerReader.Read(file, ReadJson(file), TokenizerFolder.Read(file, config));
    }

    /// <summary>The <c>tokenizer_config.json</c> beside a file; empty where there is none.</summary>
    internal static JsonObject ReadConfig(string file)
    {
        var config = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file)) ?? ".", TokenizerFolder.ConfigName);
        return File.Exists(config) ? JsonFile.ReadObject(config) : [];
    }

    /// <summary>The file that <see cref="Load"/> would load for a path, or null where a folder holds none.</summary>
    /// <param name="path">The file or folder.</param>
    public static string? Find(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!Directory.Exists(path))
        {
            return path;
        }

        var final = Path.Combine(path, "final");
        if (Directory.Exists(final))
        {
            return Find(final);
        }

        var named = Names.Select(name => Path.Combine(path, name)).FirstOrDefault(File.Exists);
        var gguf = named is null ? Directory.GetFiles(path, "*.gguf") : [];
        return named ?? (gguf.Length == 1 ? gguf[0] : null);
    }

    private static ReadOnlyMemory<byte> ReadJson(string path)
    {
        var bytes = InputFile.ReadBytes(path, LargestJson);
        if (!bytes.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]))
        {
            return bytes;
        }

        try
        {
            using GZipStream compressed = new(new MemoryStream(bytes), CompressionMode.Decompress);
            using MemoryStream plain = new();
            Span<byte> buffer = new byte[1 << 16];
            for (var count = compressed.Read(buffer); count > 0; count = compressed.Read(buffer))
            {
                plain.Write(buffer[..count]);
                if (plain.Length > LargestJson)
                {
                    throw new InputException($"{path}: unpacks to more than {LargestJson} bytes; check that it is the right file");
                }
            }

            return plain.ToArray();
        }
        catch (InvalidDataException e)
        {
            throw new InputException($"{path}: is not a complete gzip file ({e.Message}); fetch it again", e);
        }
    }
}
