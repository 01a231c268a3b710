using LoRi.Files;
using LoRi.Files.Hub;
using LoRi.Files.Tokenizers;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Native;
using LoRi.Models.Reasoning;
using LoRi.Runs.Settings;
using LoRi.Training.Ranks;
using static TorchSharp.torch;

namespace LoRi.Runs.Answers;

/// <summary>What every stage needs to know of the machine and the model.</summary>
public static class StageModel
{
    /// <summary>Types of weights and arithmetic for an option.</summary>
    /// <param name="dtype">The option's value.</param>
    public static Precision PrecisionOf(DtypeOption dtype) => dtype switch
    {
        DtypeOption.F64 => Precision.Exact,
        DtypeOption.BF16 => Precision.Mixed,
        _ => Precision.Full,
    };

    /// <summary>
    /// The device of an option; a process that a launcher started beside others on its machine has the card of its number there.
    /// </summary>
    /// <param name="device">The option's value.</param>
    /// <exception cref="InputException">There is no such device.</exception>
    public static Device DeviceOf(DeviceOption device)
    {
        NativeRuntime.Load();
        if (device != DeviceOption.Cuda)
        {
            return CPU;
        }

        if (!cuda.is_available() && !HostCards.IsNamed)
        {
            throw new InputException(
                "--device cuda: this libtorch sees no CUDA device; build with -p:Torch=cuda, or name an installed PyTorch with --libtorch");
        }

        return RankCard.Device();
    }

    /// <summary>
    /// The tokenizer of a model: the one that is named, else <c>tokenizer.json</c> beside the weights, else a GGUF's own
    /// vocabulary; null where there is none.
    /// </summary>
    /// <param name="model">The model's folder or file.</param>
    /// <param name="named">The tokenizer that the user named; null where none was.</param>
    public static TextTokenizer? FindTokenizer(string model, string? named)
    {
        if (named is not null)
        {
            return TokenizerFile.Load(named);
        }

        var place = ModelLoader.Resolve(model);
        var folder = Directory.Exists(place) ? place : Path.GetDirectoryName(Path.GetFullPath(place))!;
        HubSnapshot.CheckLinks(folder);
        if (new[] { "tokenizer.json", "tokenizer.json.gz" }.Any(name => File.Exists(Path.Combine(folder, name))))
        {
            return TokenizerFile.Load(folder);
        }

        var gguf = File.Exists(place) ? [place] : Directory.GetFiles(place, "*.gguf");
        if (gguf.Length != 1 || !gguf[0].EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        return TokenizerFile.Load(gguf[0]);
    }

    /// <summary>The tokenizer of a model that cannot do without one.</summary>
    /// <param name="model">The model's folder or file.</param>
    /// <param name="named">The tokenizer that the user named; null where none was.</param>
    /// <exception cref="InputException">There is none.</exception>
    public static TextTokenizer Tokenizer(string model, string? named) => FindTokenizer(model, named)
        ?? throw HubSnapshot.Unfinished(ModelLoader.Resolve(model), "tokenizer.json")
            ?? new InputException($"{model}: has no tokenizer.json and no vocabulary of its own; name one with --tokenizer");

    /// <summary>The id that ends a sequence: the card's, else the first of the configuration.</summary>
    /// <param name="model">The model's folder or file, for the message.</param>
    /// <param name="loaded">The model.</param>
    /// <param name="card">Its card; null for a plain checkpoint.</param>
    /// <exception cref="InputException">The model names none.</exception>
    public static int EndId(string model, ReasoningModel loaded, ReasoningCard? card) =>
        card?.Special.Eos ?? (loaded.Config.EosIds.Count > 0
        ? CheckedEnd(model, loaded.Config)
        : throw new InputException(
            $"{model}: {(model.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) ? "its metadata" : "config.json")} names no "
            + "eos_token_id, which ends an answer; add it there"));

    private static int CheckedEnd(string model, DecoderConfig config)
    {
        config.CheckEnds(ModelLoader.ConfigPlace(ModelLoader.Resolve(model)), config.EosIds.Take(1));
        return config.EosIds[0];
    }

    /// <summary>
    /// How a model reasons before its answer: as its card says, with another number of latent steps where that is asked for.
    /// </summary>
    /// <param name="asked">Latent steps that the user asked for; null for the card's.</param>
    /// <param name="path">The model's folder or file, for the message.</param>
    /// <param name="model">The model.</param>
    /// <param name="card">Its card; null for a plain checkpoint.</param>
    /// <exception cref="InputException">The model was not trained with any, or has fewer positions.</exception>
    public static IReasoning Reasoning(int? asked, string path, ReasoningModel model, ReasoningCard? card)
    {
        var reasoning = card?.Reasoning ?? PlainReasoning.Explicit;
        var steps = asked ?? reasoning.LatentSteps;
        if (steps > 0 && card is not { LatentSteps: > 0 })
        {
            throw new InputException(
                $"--latent-steps {steps}: {path} was not trained with latent steps (its lori.json names none); leave --latent-steps out");
        }

        return steps < model.Config.MaxPositions
            ? reasoning.WithSteps(steps)
            : throw new InputException(
                $"--latent-steps {steps}: {path} was made for {model.Config.MaxPositions} positions; take fewer steps");
    }

    /// <summary>The latent steps that a model was trained with, where it is asked with another number; null where it is not.</summary>
    /// <param name="asked">How the model is to reason.</param>
    /// <param name="card">Its card; null for a plain checkpoint.</param>
    public static int? OtherSteps(IReasoning asked, ReasoningCard? card)
    {
        ArgumentNullException.ThrowIfNull(asked);
        return card is not null && card.LatentSteps != asked.LatentSteps ? card.LatentSteps : null;
    }

    /// <summary>What is to be said of another number of latent steps; null where there is none.</summary>
    /// <param name="asked">How the model is to reason.</param>
    /// <param name="card">Its card; null for a plain checkpoint.</param>
    public static string? OtherStepsNote(IReasoning asked, ReasoningCard? card)
    {
        ArgumentNullException.ThrowIfNull(asked);
        return OtherSteps(asked, card) is { } trained
            ? $"--latent-steps {asked.LatentSteps}: the model was trained with {trained}; its answers say little of what it has learnt"
            : null;
    }

    /// <summary>Refuses a tokenizer with more ids than the embedding table has rows.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="model">The model.</param>
    /// <param name="path">The model's folder or file, for the message.</param>
    public static void CheckFits(TextTokenizer tokenizer, ReasoningModel model, string path)
    {
        var rows = model.Config.VocabularySize + model.ExtraRows;
        if (tokenizer.VocabularySize > rows)
        {
            throw new InputException(
                $"{tokenizer.Path}: has ids up to {tokenizer.VocabularySize - 1}, but the embedding table of {path} has {rows} rows; name "
                + "the tokenizer that belongs to the model");
        }
    }
}
