using System.Text.Json.Nodes;

namespace LoRi.Files.Tokenizers;

/// <summary>What a tokenizer file says, apart from its added tokens.</summary>
internal sealed record TokenizerParts
{
    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>The whole <c>tokenizer.json</c>, kept to be written again.</summary>
    public required ReadOnlyMemory<byte> Json { get; init; }

    /// <summary>The <c>tokenizer_config.json</c>; empty where there is none.</summary>
    public required JsonObject Config { get; init; }

    /// <summary>The model's own vocabulary.</summary>
    public required IReadOnlyDictionary<string, int> Model { get; init; }

    /// <summary>Whether text is brought into normal form C.</summary>
    public required bool Normalize { get; init; }

    /// <summary>How text is cut into pieces.</summary>
    public required PreTokenizer PreTokenizer { get; init; }

    /// <summary>The ids of pieces.</summary>
    public required PieceCache Cache { get; init; }

    /// <summary>How tokens become text.</summary>
    public required TokenDecoder Decoder { get; init; }

    /// <summary>What is put around every text.</summary>
    public required TextFrame Frame { get; init; }

    /// <summary>Special tokens by role: a text, or a list of those without a role of their own.</summary>
    public required JsonObject Special { get; init; }

    /// <summary>Whether control tokens within a text are ordinary text.</summary>
    public bool SplitsSpecial { get; init; }

    /// <summary>Whether the folder has an <c>added_tokens.json</c>.</summary>
    public bool HasAddedFile { get; init; }

    /// <summary>The class whose ways are followed; null where there is nothing beside the file.</summary>
    public TokenizerClass? Class { get; init; }

    /// <summary>What the file says that is not followed.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Texts of added tokens that are not looked for: where they stand in a text they are ordinary.</summary>
    public IReadOnlyList<string> ReadAsText { get; init; } = [];
}
