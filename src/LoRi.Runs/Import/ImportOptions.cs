namespace LoRi.Runs.Import;

/// <summary>Settings of <c>lori import</c>.</summary>
public sealed record ImportOptions
{
    /// <summary>Numerator of the adapters' scale in the released scripts.</summary>
    public const double DefaultAlpha = 32;

    /// <summary><c>--checkpoint</c>: a state dictionary as safetensors, or a folder that holds one.</summary>
    public required string Checkpoint { get; init; }

    /// <summary><c>--base</c>: a folder with the base model's <c>config.json</c> and tokenizer; its weights are not read.</summary>
    public required string Base { get; init; }

    /// <summary><c>--output</c>: the folder to make.</summary>
    public required string Output { get; init; }

    /// <summary><c>--latent-steps</c>; null for those of the released scripts.</summary>
    public int? LatentSteps { get; init; }

    /// <summary><c>--lora-alpha</c>: adapters are scaled by it over their rank.</summary>
    public double Alpha { get; init; } = DefaultAlpha;
}
