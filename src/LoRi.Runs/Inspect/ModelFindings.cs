using System.Text.Json;
using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Safetensors;
using LoRi.Files.Text;
using LoRi.Files.Tokenizers;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Weights;
using LoRi.Runs.Answers;

namespace LoRi.Runs.Inspect;

/// <summary>Something about a model that its user should know.</summary>
/// <param name="Level">
/// <c>error</c>: it cannot be loaded; <c>warning</c>: it may not do what is expected; <c>note</c>: good to know.
/// </param>
/// <param name="Text">What it is.</param>
internal sealed record Finding(string Level, string Text);

/// <summary>Looks for what is wrong with a model's files, or does not fit together.</summary>
/// <param name="source">The weights.</param>
/// <param name="path">A folder, or a file.</param>
internal sealed class ModelFindings(IWeightSource source, string path)
{
    private static readonly string[] Pickles = [".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"];
    private static readonly string[] Floats = ["F64", "F32", "F16", "BF16"];
    private readonly List<Finding> found = [];

    private string Folder => Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;

    /// <summary>Everything, the worst first.</summary>
    /// <param name="shape">The model's shape; null where it cannot be read.</param>
    /// <param name="wrong">Why it cannot be read.</param>
    public IReadOnlyList<Finding> All(DecoderConfig? shape, string? wrong)
    {
        if (wrong is not null)
        {
            Error($"cannot be loaded: {wrong}");
        }

        if (shape is not null)
        {
            LookAtNames(shape);
            LookAtTokenizer(shape);
            LookAtEnds(shape);
            LookAtShape(shape);
        }

        LookAtCard();
        LookAtTypes();
        LookAtValues();
        LookAtNeighbours();
        return [.. found.OrderBy(one => one.Level switch { "error" => 0, "warning" => 1, _ => 2 })];
    }

    private void Error(string text) => found.Add(new Finding("error", text));

    private void Warn(string text) => found.Add(new Finding("warning", text));

    private void Note(string text) => found.Add(new Finding("note", text));

    /// <summary>Whether the card, where there is one, tells how the model is asked.</summary>
    private void LookAtCard()
    {
        try
        {
            ReasoningCard.Read(Folder);
            LookAtParts();
        }
        catch (InputException e)
        {
            Error($"cannot be asked: {e.Message}");
        }
    }

    private void LookAtParts()
    {
        foreach (var part in ModelParts.Of(Folder))
        {
            if (part.Bytes is { } bytes)
            {
                var use = part.IsNeeded ? "is needed to answer" : "is the auxiliary decoder, for generate --explain and report";
                Note($"{part.File}, {MessageText.Bytes(bytes)}, {use}");
            }
            else
            {
                Error($"cannot be loaded: {part.File} is not there, although lori.json names it");
            }
        }
    }

    private void LookAtNames(DecoderConfig shape)
    {
        try
        {
            var fit = WeightFit.Of(source, shape);
            fit.Config.Notes.Except(shape.Notes).ToList().ForEach(Warn);
            fit.Notes.ToList().ForEach(Note);
        }
        catch (InputException e)
        {
            Error($"cannot be loaded: {e.Message}");
        }
    }

    private void LookAtTokenizer(DecoderConfig shape)
    {
        TextTokenizer? tokenizer;
        try
        {
            tokenizer = StageModel.FindTokenizer(path, null);
        }
        catch (InputException e)
        {
            Error($"the tokenizer cannot be read: {e.Message}");
            return;
        }

        if (tokenizer is null)
        {
            Warn("there is no tokenizer: prompts and data need one, named by --tokenizer");
        }
        else if (tokenizer.VocabularySize > shape.VocabularySize)
        {
            Warn($"the tokenizer has {tokenizer.VocabularySize} ids, the embedding table {shape.VocabularySize} rows: ids "
                + $"from {shape.VocabularySize} on cannot be used");
        }
        else if (tokenizer.VocabularySize < shape.VocabularySize)
        {
            Note($"the embedding table has {shape.VocabularySize - tokenizer.VocabularySize} rows more than the tokenizer has ids "
                + "(padding)");
        }
    }

    private void LookAtEnds(DecoderConfig shape)
    {
        var ends = EndTokens.Named(path, shape).Ids;
        if (!path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) && !File.Exists(Path.Combine(Folder, "generation_config.json")))
        {
            Note("there is no generation_config.json: end tokens are those of config.json");
        }

        if (ends.Count == 0)
        {
            Warn("no end token is named: generation only stops at its longest output, and training refuses the model");
        }

        var beyond = ends.Concat(shape.EosIds).FirstOrDefault(id => id >= shape.VocabularySize, -1);
        if (beyond >= 0)
        {
            Warn($"end token {beyond} is beyond the {shape.VocabularySize} rows of the table");
        }
    }

    private void LookAtShape(DecoderConfig shape)
    {
        foreach (var note in shape.Notes)
        {
            Note(note);
        }

        if (shape.Scaling is { } scaling)
        {
            Note($"rotary positions are scaled ({scaling}) for {shape.MaxPositions} positions");
        }
    }

    private void LookAtTypes()
    {
        var types = source.Tensors.Where(tensor => Floats.Contains(tensor.Dtype)).Select(tensor => tensor.Dtype).Distinct()
            .Order(StringComparer.Ordinal).ToArray();
        if (types.Length > 1 && source is SafetensorsCheckpoint)
        {
            Warn($"weights have different types: {string.Join(", ", types)}");
        }
    }

    private void LookAtValues()
    {
        if (source is not SafetensorsCheckpoint checkpoint)
        {
            return;
        }

        var scans = checkpoint.Files.SelectMany(file => file.Entries.Select(entry => (entry.Name, Scan: ValueScan.Of(file, entry))))
            .ToArray();
        var broken = scans.Where(one => one.Scan is { Finite: false }).Select(one => one.Name).ToArray();
        if (broken.Length > 0)
        {
            Error($"cannot be loaded: NaN or infinity in {MessageText.List(broken)}");
        }

        var zero = scans.Where(one => one.Scan is { AllZero: true } && !one.Name.EndsWith(".bias", StringComparison.Ordinal))
            .Select(one => one.Name).ToArray();
        if (zero.Length > 0)
        {
            Warn($"every value is zero in {MessageText.List(zero)}");
        }
    }

    private void LookAtNeighbours()
    {
        var files = Directory.GetFiles(Folder).Select(file => Path.GetFileName(file)).ToArray();
        var pickled = files.Where(name => Pickles.Contains(Path.GetExtension(name).ToLowerInvariant())).ToArray();
        if (pickled.Length > 0)
        {
            Note($"pickled files lie beside the weights and are never read: {MessageText.List(pickled)}");
        }

        if (files.Contains("model.safetensors") && files.Contains("model.safetensors.index.json"))
        {
            Warn("there are model.safetensors and an index of shards; the single file is read");
        }

        if (source is SafetensorsCheckpoint && files.Any(name => name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)))
        {
            Note("GGUF files lie beside the safetensors, which are read");
        }

        if (files.Contains("adapter_config.json"))
        {
            Note("a LoRA adapter lies beside the weights; it is applied only where --adapter names the folder");
        }

        if (source is GgufCheckpoint || files.Contains("config.json"))
        {
            LookAtConfiguredType();
        }
    }

    private void LookAtConfiguredType()
    {
        var configured = (source.Config["torch_dtype"] ?? source.Config["dtype"]) is JsonValue value
            && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;
        var stored = source.Tensors.Where(tensor => Floats.Contains(tensor.Dtype)).GroupBy(tensor => tensor.Dtype)
            .OrderByDescending(group => group.Count()).FirstOrDefault()?.Key;
        var expected = configured switch { "float64" => "F64", "float32" => "F32", "float16" => "F16", "bfloat16" => "BF16", _ => null };
        if (expected is not null && stored is not null && source is SafetensorsCheckpoint && stored != expected)
        {
            Note($"config.json says {configured}, most weights are {stored}");
        }
    }
}
