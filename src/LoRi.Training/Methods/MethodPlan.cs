using LoRi.Files;
using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;

namespace LoRi.Training.Methods;

/// <summary>A method with its options: everything that a run needs to know of it, from the text of a row to the card of the trained
/// model.</summary>
public abstract class MethodPlan : IDisposable
{
    /// <summary>What the method is.</summary>
    public abstract MethodFacts About { get; }

    /// <summary>How question, rationale and answer are written.</summary>
    public virtual SequenceForm Form => SequenceForm.Plain;

    /// <summary>How the trained model answers.</summary>
    public abstract IReasoning Reasoning { get; }

    /// <summary>How many end ids the trained model writes before its answer is at its end.</summary>
    public virtual int StopAfterEnds => Reasoning.Mode == AnswerMode.Explicit && Form.EndAfterRationale ? 2 : 1;

    /// <summary>Whether the model that reads chains must have learnt this form: a frozen teacher, or a start that writes them.</summary>
    public virtual bool StartsFromForm => About.HasFrozenTeacher;

    /// <summary>
    /// The rows that the method adds to the tables; by default those of begin and end where the trained model takes latent steps, else
    /// null: nothing would read them.
    /// </summary>
    public virtual MarkerRows? Markers => Reasoning.LatentSteps > 0 ? MarkerRows.Two : null;

    /// <summary>
    /// The map from a final state to the next latent input, where the method leaves no choice; null where settings say it. By default a
    /// method without latent steps has none to train.
    /// </summary>
    public virtual ProjectionKind? Projection => Reasoning.LatentSteps > 0 ? null : ProjectionKind.Identity;

    /// <summary>Its stages, in their order.</summary>
    public abstract IReadOnlyList<Stage> Stages { get; }

    /// <summary>Looks at the rows before the first step, and warns where they teach less than they seem to.</summary>
    /// <param name="rows">The training rows.</param>
    /// <param name="length">How long a stage trains on them.</param>
    /// <param name="warn">Told what the user should look at.</param>
    /// <exception cref="InputException">They lack what the method learns from.</exception>
    public virtual void Look(IReadOnlyList<EncodedExample> rows, StageLength length, Action<string> warn)
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
    /// <param name="disposing">Whether it is called by code rather than by the finalizer.</param>
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
    /// <summary>How question, rationale and answer are written; left out, plainly.</summary>
    public SequenceForm Text { get; init; } = SequenceForm.Plain;

    /// <summary>The rows that the method adds to the tables; left out, those that its reasoning needs.</summary>
    public MarkerRows? Rows { get; init; }

    /// <inheritdoc/>
    public override SequenceForm Form => Text;

    /// <inheritdoc/>
    public override MarkerRows? Markers => Rows ?? base.Markers;

    /// <inheritdoc/>
    public override MethodFacts About => about;

    /// <inheritdoc/>
    public override IReasoning Reasoning => reasoning;

    /// <inheritdoc/>
    public override IReadOnlyList<Stage> Stages { get; } = [new LearningStage("train", _ => objective)];
}
