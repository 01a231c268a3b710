using LoRi.Files;
using LoRi.Runs.Settings;

namespace LoRi.Runs.Export;

/// <summary>What is handed out.</summary>
public enum ExportForm
{
    /// <summary>A plain model, adapters merged in.</summary>
    Merged,

    /// <summary>The adapter alone, in peft's form.</summary>
    Adapter,
}

/// <summary>Settings of <c>lori export</c>.</summary>
public sealed record ExportOptions
{
    /// <summary>Most bytes of tensors in one file where nothing else is asked for.</summary>
    public const long DefaultShardBytes = 5_000_000_000;

    /// <summary><c>--model</c>: a run directory, a Hub folder, or a GGUF file.</summary>
    public required string Model { get; init; }

    /// <summary><c>--output</c>: the folder to make.</summary>
    public required string Output { get; init; }

    /// <summary><c>--adapter</c>: an adapter to merge in, or to export.</summary>
    public string? Adapter { get; init; }

    /// <summary><c>--form</c>.</summary>
    public ExportForm Form { get; init; } = ExportForm.Merged;

    /// <summary><c>--dtype</c>: type of the weights.</summary>
    public DtypeOption Dtype { get; init; } = DtypeOption.F32;

    /// <summary><c>--max-shard-size</c>: most bytes of tensors in one file.</summary>
    public long ShardBytes { get; init; } = DefaultShardBytes;

    /// <summary><c>--tokenizer</c>: a tokenizer file or folder; left out, the one beside the weights.</summary>
    public string? Tokenizer { get; init; }

    /// <summary><c>--base-model</c>: what the Hub calls the model that training began with.</summary>
    public string? BaseModel { get; init; }

    /// <summary><c>--license</c>: the Hub's identifier of the licence.</summary>
    public string? Licence { get; init; }

    /// <summary><c>--language</c>: codes of the languages that the model answers in.</summary>
    public IReadOnlyList<string> Languages { get; init; } = [];

    /// <summary><c>--dataset</c>: what the Hub calls the training data.</summary>
    public IReadOnlyList<string> Datasets { get; init; } = [];

    /// <summary>
    /// <c>--evaluation</c>: folders with an <c>evaluation.json</c>, for the model card; <c>FOLDER=OWNER/NAME</c> says what the Hub
    /// calls the data.
    /// </summary>
    public IReadOnlyList<string> Evaluations { get; init; } = [];

    /// <summary>Checks everything that can be checked without reading a file.</summary>
    /// <exception cref="InputException">A value is out of range, or two contradict each other.</exception>
    public void Validate()
    {
        if (OutputName.FolderFault(Output, "safetensors, tokenizer and model card") is { } fault)
        {
            throw new InputException(fault);
        }
        if (Dtype == DtypeOption.F64)
        {
            throw OptionRules.Wrong("--dtype", "float64", "weights are handed out as float32 or bfloat16");
        }

        HubMetadata.Check(this);
    }
}
