using LoRi.Files.Settings;

namespace LoRi.Training.Methods;

/// <summary>What a method is, whatever its options.</summary>
/// <param name="Name">Its name on the command line, on cards and in files.</param>
/// <param name="Title">What it is, in one line.</param>
public sealed record MethodFacts(string Name, string Title)
{
    /// <summary>What it does, in a sentence for who reads its results; where nothing is given, its title.</summary>
    public string Explanation { get; init; } = Title;

    /// <summary>The settings that it has beside those of every training run.</summary>
    public IReadOnlyList<Setting> Settings { get; init; } = [];

    /// <summary>What these must be together.</summary>
    public IReadOnlyList<SettingRule> Rules { get; init; } = [];

    /// <summary>Those of its settings that name what it reads, which must be there.</summary>
    public IReadOnlyList<Setting<string?>> Inputs { get; init; } = [];

    /// <summary>Whether it makes a student, with markers and a feedback projection; else a teacher.</summary>
    public bool IsStudent { get; init; } = true;

    /// <summary>Whether its student takes latent steps.</summary>
    public bool TakesLatentSteps { get; init; }

    /// <summary>Whether it learns from a teacher whose weights stay.</summary>
    public bool HasFrozenTeacher { get; init; }

    /// <summary>The option by which the frozen teacher is held in memory beside the student; null where it never is.</summary>
    public string? HoldsTeacherBy { get; init; }

    /// <summary>Whether the frozen teacher is held in memory beside the student, whatever the options.</summary>
    public bool HoldsTeacher { get; init; }

    /// <summary>Whether its student starts from the base model's weights beside a frozen teacher, unless settings say otherwise.</summary>
    public bool StartsFromBase { get; init; }

    /// <summary>Whether the model reads the chain of thought itself in a training step.</summary>
    public bool ReadsChain { get; init; }

    /// <summary>Whether a training step passes the chain and the student's row beside it, and holds both until it goes back.</summary>
    public bool PairsChain { get; init; }

    /// <summary>Whether it reads keys and values inside the blocks of its pass over the chain, which then keep everything.</summary>
    public bool TracesChain { get; init; }

    /// <summary>Whether it learns from rationales and from nothing else without them: data without any are refused.</summary>
    public bool NeedsRationale { get; init; }

    /// <summary>Whether it learns from the steps of a rationale, one by one.</summary>
    public bool NeedsSteps { get; init; }

    /// <summary>Whether an auxiliary decoder is to write these steps, so that rows keep them in its form as well.</summary>
    public bool ExplainsSteps { get; init; }

    /// <summary>Whether it scales a term by the deviation over a batch, so that a step must not be cut.</summary>
    public bool ScalesByBatch { get; init; }

    /// <summary>How its published code stores models; null where these are not read.</summary>
    public PublishedForm? Published { get; init; }
}
