using LoRi.Files.Settings;
using LoRi.Runs.Settings;

namespace LoRi.Runs.Reduce;

/// <summary>The settings of <c>lori model reduce</c>.</summary>
public static class ReduceSettings
{
    /// <summary>The model that is cut.</summary>
    public static readonly Setting<string> Model =
        new("model", "path", Forms.Place, "", "the model to cut: a Hub folder, a run directory or a .gguf file")
        {
            Required = "name a Hub folder, a run directory or a .gguf file",
        };

    /// <summary>The subspace whose hidden basis is kept.</summary>
    public static readonly Setting<string> Subspace = FitSettings.Subspace with
    {
        Help = "subspace file of `lori subspace fit` whose hidden directions are kept",
    };

    /// <summary>How many of its directions.</summary>
    public static readonly Setting<int?> Rank =
        new("rank", "n", Forms.Whole(1).Optional(), null, "directions to keep, the subspace's first") { DefaultText = "all of them" };

    /// <summary>The folder.</summary>
    public static readonly Setting<string> Output = StageSettings.Output with
    {
        Help = "the folder to make",
        Required = "name the folder to make",
    };

    /// <summary>All of them.</summary>
    public static CommandSettings All { get; } = new(
        "model reduce", [Model, Subspace, Rank, StageSettings.Tokenizer, Output, StageSettings.Json])
    {
        Rules = [StageSettings.OutputFolder("configuration, weights and tokenizer")],
    };
}
