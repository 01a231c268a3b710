using LoRi.Models.Decoders;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Sequences;

/// <summary>
/// A pass over rows whose tail is predicted: the sum of their cross-entropies (in float64, over all rows of the
/// table) and, on request, all levels.
/// </summary>
public sealed class GradedPass
{
    private readonly PaddedRows rows;
    private readonly IReadOnlyList<GradedRow> graded;
    private readonly Tensor[]? levels;

    private readonly Lazy<(Tensor Logits, Tensor CrossEntropySum)> grades;

    private GradedPass(PaddedRows rows, IReadOnlyList<GradedRow> graded, Tensor[]? levels,
        Func<(Tensor Logits, Tensor CrossEntropySum)> grade)
    {
        (this.rows, this.graded, this.levels) = (rows, graded, levels);
        grades = new(grade);
    }

    /// <summary>Logits at the positions that predict graded ids, row after row: [graded tokens, V]. Computed when first asked
    /// for.</summary>
    public Tensor Logits => grades.Value.Logits;

    /// <summary>Sum over graded tokens of their negative log-likelihood, in nats; a float64 scalar. Computed when first asked
    /// for.</summary>
    public Tensor CrossEntropySum => grades.Value.CrossEntropySum;

    /// <summary>Runs the rows, after a cache where there is one.</summary>
    /// <param name="model">The model.</param>
    /// <param name="weights">Its weights of this step.</param>
    /// <param name="graded">The rows.</param>
    /// <param name="levels">Whether all levels are kept.</param>
    /// <param name="before">The latent steps that the rows follow; null where they begin.</param>
    /// <param name="trace">Receives what is inside the blocks; null for nothing.</param>
    /// <param name="intervention">Replaces states at one column, which of a row is the number of its token; null for nothing.</param>
    /// <param name="ofStates">Whether gradients flow to the levels, whatever the weights are for.</param>
    /// <returns>The sum of the cross-entropies, and all levels where they were asked for.</returns>
    public static GradedPass Run(
        ReasoningModel model, DecoderWeights weights, IReadOnlyList<GradedRow> graded, bool levels, LatentSteps? before = null,
            DecoderTrace? trace = null, Intervention? intervention = null, bool ofStates = false)
    {
        var inputs = PaddedRows.Right([.. graded.Select(row => row.FeedsLast ? row.Ids : row.Ids[..^1])], model.Device);
        var positions = PositionGap.In(inputs.After(before?.Progress), inputs, graded);
        var embedded = model.Decoder.Embed(weights, inputs);
        embedded = ofStates ? embedded.detach().requires_grad_(true) : embedded;
        var pass = model.Decoder.Forward(weights, embedded, positions, before?.Cache, levels, trace, intervention);
        return new GradedPass(inputs, graded, pass.Levels, () => Grade(model, weights, pass.Final, inputs, graded));
    }

    /// <summary>The same pass with the gradients of <see cref="CrossEntropySum"/> with respect to levels 1..L in the place of the
    /// levels; the pass must have been run for them.</summary>
    public GradedPass Gradients() =>
        new(rows, graded, [levels![0], .. autograd.grad([CrossEntropySum], levels[1..])], () => grades.Value);

    /// <summary>The states of every row's anchor at levels <paramref name="first"/>..L: [B, levels, d].</summary>
    /// <param name="first">The first level that is wanted, from 0.</param>
    public Tensor Anchors(int first = 1) => At([.. graded.Select((row, index) => rows.Column(index, row.Anchor))], first);

    /// <summary>Levels 1..L of one row at a run of its tokens: [L, length, d].</summary>
    /// <param name="row">The row, counted from 0.</param>
    /// <param name="start">Its first token that is wanted, counted from 0.</param>
    /// <param name="length">How many tokens.</param>
    public Tensor Slice(int row, int start, int length) => stack(
        levels!.Skip(1).Select(level => level.select(0, row).narrow(0, rows.Column(row, start), length)), 0);

    private static (Tensor Logits, Tensor CrossEntropySum) Grade(
        ReasoningModel model, DecoderWeights weights, Tensor final, PaddedRows inputs, IReadOnlyList<GradedRow> graded)
    {
        var (sources, targets) = Graded(inputs, graded);
        var states = final.reshape(-1, model.Config.HiddenSize).index_select(0, tensor(sources, ScalarType.Int64).to(model.Device));
        var logits = Decoder.Logits(weights, states);
        return (logits, TokenLikelihood.NegativeSum(logits, tensor(targets, ScalarType.Int64).to(model.Device)));
    }

    private static (long[] Sources, long[] Targets) Graded(PaddedRows inputs, IReadOnlyList<GradedRow> graded)
    {
        var (sources, targets) = (new List<long>(), new List<long>());
        for (var row = 0; row < graded.Count; row++)
        {
            for (var token = graded[row].GradedFrom; token < graded[row].Ids.Length; token++)
            {
                sources.Add(((long)row * inputs.Width) + inputs.Column(row, token - 1));
                targets.Add(graded[row].Ids[token]);
            }
        }

        return ([.. sources], [.. targets]);
    }

    private Tensor At(int[] columns, int first)
    {
        var width = levels![0].shape[1];
        var index = tensor([.. columns.Select((column, row) => (row * width) + column)], ScalarType.Int64).to(levels[0].device);
        return stack(levels.Skip(first).Select(level => level.reshape(-1, level.shape[2]).index_select(0, index)), 1);
    }
}
