using LoRi.Files.Settings;
using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;

namespace LoRi.Training.Methods;

/// <summary>A method with its options: everything that a run needs to know of it, from the text of a row to the card of the trained model.</summary>
public abstract class MethodPlan : IDisposable
{
    /// <summary>What the method is.</summary>
    public abstract MethodFacts About { get; }

    /// <summary>How question, rationale and answer are written.</summary>
    public virtual SequenceForm Form => SequenceForm.Plain;

    /// <summary>How the trained model answers.</summary>
    public abstract IReasoning Reasoning { get; }

    /// <summary>How many end ids the trained model writes before its answer is at its end.</summary>
    public virtual int StopAfterEnds => 1;

    /// <summary>The rows that the method adds to the tables.</summary>
    public virtual MarkerRows Markers => MarkerRows.Two;

    /// <summary>Its stages, in their order.</summary>
    public abstract IReadOnlyList<Stage> Stages { get; }

    /// <summary>What forbids to cut a step into micro-batches, in words that name the option or method; null where nothing does.</summary>
    public virtual string? Undivided => null;

    /// <summary>Looks at the rows before the first step, and warns where they teach less than they seem to.</summary>
    /// <param name="rows">The training rows.</param>
    /// <param name="warn">Told what the user should look at.</param>
    public virtual void Look(IReadOnlyList<EncodedExample> rows, Action<string> warn)
    {
    }

    /// <summary>Weights beside the decoder's and the projection's; by default those that the reasoning needs.</summary>
    /// <param name="config">The shape of the model.</param>
    public virtual IReadOnlyList<ModelModule> Modules(DecoderConfig config) => Reasoning.Modules(config);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Lets go of what collecting stages keep open.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }
}

/// <summary>A method of one stage that trains everything.</summary>
/// <param name="about">What the method is.</param>
/// <param name="reasoning">How the trained model answers.</param>
/// <param name="objective">What it minimises.</param>
public sealed class OneStage(MethodFacts about, IReasoning reasoning, IObjective objective) : MethodPlan
{
    /// <inheritdoc/>
    public override MethodFacts About => about;

    /// <inheritdoc/>
    public override IReasoning Reasoning => reasoning;

    /// <inheritdoc/>
    public override IReadOnlyList<Stage> Stages { get; } = [new LearningStage("train", _ => objective)];

    /// <inheritdoc/>
    public override string? Undivided => about.ScalesByBatch ? $"--method {about.Name}" : null;
}

/// <summary>Rows that a method adds to the embedding table, and to the head's where that is another.</summary>
/// <param name="Latent">Whether there is one for the input of a latent step before its first sweep, beside those of begin and end.</param>
/// <param name="CopyOf">A token whose row they begin as; null for the mean of all rows with a little noise.</param>
public sealed record MarkerRows(bool Latent, string? CopyOf = null)
{
    /// <summary>Begin and end of the latent steps.</summary>
    public static MarkerRows Two { get; } = new(Latent: false);
}

/// <summary>What a method is, whatever its options.</summary>
/// <param name="Name">Its name on the command line, on cards and in files.</param>
/// <param name="Title">What it is, in one line.</param>
public sealed record MethodFacts(string Name, string Title)
{
    /// <summary>The settings that it has beside those of every training run.</summary>
    public IReadOnlyList<Setting> Settings { get; init; } = [];

    /// <summary>Whether it makes a student, with markers and a feedback projection; else a teacher.</summary>
    public bool IsStudent { get; init; } = true;

    /// <summary>Whether its student takes latent steps.</summary>
    public bool TakesLatentSteps { get; init; }

    /// <summary>Whether it learns from a teacher whose weights stay.</summary>
    public bool HasFrozenTeacher { get; init; }

    /// <summary>Whether the model reads the chain of thought itself in a training step.</summary>
    public bool ReadsChain { get; init; }

    /// <summary>Whether it learns from rationales and from nothing else without them: data without any are refused.</summary>
    public bool NeedsRationale { get; init; }

    /// <summary>Whether it learns from the steps of a rationale, one by one.</summary>
    public bool NeedsSteps { get; init; }

    /// <summary>Whether it scales a term by the deviation over a batch, so that a step must not be cut.</summary>
    public bool ScalesByBatch { get; init; }
}
