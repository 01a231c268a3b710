using LoRi.Models.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>
/// What the adapters of one stored matrix add to its image: for every part <c>scaling B A dropout(x)</c>, zero where a part has
/// none. The parts read the same input, so they share one product with their stacked A, and one dropout mask.
/// </summary>
/// <param name="Down">Every A, one under the other: [sum of ranks, inputs].</param>
/// <param name="Parts">The parts of the stored matrix, in its order.</param>
/// <param name="Dropout">Drops inputs; null where none are dropped.</param>
public sealed record LowRankMap(Tensor Down, IReadOnlyList<LowRankPart> Parts, SeededDropout? Dropout)
{
    /// <summary>Takes the gradient of <see cref="Down"/> in place of autograd; null for autograd's own.</summary>
    internal DeferredMatrix? Deferred { get; init; }

    /// <summary>The parts that have an adapter, with their B and the first of their outputs and of their rows of A.</summary>
    internal IEnumerable<(LowRankPart Part, Tensor Up, long Row, long Column)> Placed()
    {
        var (row, column) = (0L, 0L);
        foreach (var part in Parts)
        {
            if (part.Up is { } up)
            {
                yield return (part, up, row, column);
                column += up.shape[1];
            }

            row += part.Outputs;
        }
    }

    /// <summary>What is added, [.., inputs] to [.., outputs].</summary>
    /// <param name="x">States [.., inputs].</param>
    public Tensor Apply(Tensor x)
    {
        var kept = Dropout?.Apply(x) ?? x;
        var inner = Deferred?.Image(Down, null, kept) ?? nn.functional.linear(kept, Down);
        var (images, start) = (new List<Tensor>(), 0L);
        foreach (var part in Parts)
        {
            if (part.Up is not { } up)
            {
                images.Add(zeros([.. x.shape[..^1], part.Outputs], x.dtype, x.device));
                continue;
            }

            var given = inner.narrow(-1, start, up.shape[1]).Times(part.Scaling);
            images.Add(part.Deferred?.Image(up, null, given) ?? nn.functional.linear(given, up));
            start += up.shape[1];
        }

        return images.Count == 1 ? images[0] : cat(images, -1);
    }
}

/// <summary>One part of a <see cref="LowRankMap"/>.</summary>
/// <param name="Outputs">Number of outputs.</param>
/// <param name="Up">B, [outputs, rank]; null where the part has no adapter.</param>
/// <param name="Scaling">What the product is multiplied by.</param>
public sealed record LowRankPart(long Outputs, Tensor? Up, double Scaling)
{
    /// <summary>Takes the gradient of <see cref="Up"/> in place of autograd; null for autograd's own.</summary>
    internal DeferredMatrix? Deferred { get; init; }
}

/// <summary>
/// Dropout whose masks follow from a seed and the numbers of the training step and of its micro-batch alone, so that a run that was
/// stopped resumes with the masks it would have had.
/// </summary>
public sealed class SeededDropout : IDisposable
{
    private readonly double kept;
    private readonly ulong first;
    private readonly Generator? generator;

    /// <summary>The masks of one micro-batch.</summary>
    /// <param name="rate">Share of the values that become zero, below 1.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="step">Number of the step.</param>
    /// <param name="microBatch">Number of the micro-batch in the step.</param>
    /// <param name="device">Where the masks are made.</param>
    public SeededDropout(double rate, long seed, int step, int microBatch, Device device)
    {
        kept = 1 - rate;
        first = new SeededRandom(seed, $"adapter dropout of step {step}, micro-batch {microBatch}").Next();
        generator = device.type == DeviceType.CPU ? null : new Generator(first, device);
    }

    /// <summary>Masks drawn so far; each follows from its number, so that what was computed with it can be computed again.</summary>
    internal ulong Drawn { get; set; }

    /// <summary>The values that stay, divided by the share that stays.</summary>
    /// <param name="x">Any tensor.</param>
    public Tensor Apply(Tensor x) => Apply(x, Drawn++);

    /// <summary>The same by the mask of a number.</summary>
    internal Tensor Apply(Tensor x, ulong number)
    {
        var (mask, key) = (empty(x.shape, x.dtype, x.device), KeyOf(number));
        return x * (generator is null ? MaskValues.Fill(mask, kept, key)
            : mask.bernoulli_(kept, generator.manual_seed((long)key)).Divide(kept));
    }

    /// <summary>The same without a gradient.</summary>
    internal Tensor Dropped(Tensor x, ulong number) =>
        generator is null && VectorWork.Fits(x) ? MaskValues.Masked(x, kept, KeyOf(number)) : Apply(x, number);

    /// <summary>Adds the same to another tensor of its shape, in place.</summary>
    internal void AddDropped(Tensor sum, Tensor x, ulong number)
    {
        if (generator is null && VectorWork.Fits(x) && VectorWork.Fits(sum))
        {
            MaskValues.AddMasked(sum, x, kept, KeyOf(number));
        }
        else
        {
            sum.IncreaseBy(Apply(x, number), 1);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => generator?.Dispose();

    private ulong KeyOf(ulong number) => SeededRandom.Published(unchecked(first + number)).Next();
}

/// <summary>Rows of a table that are replaced in what a pass reads.</summary>
/// <param name="Ids">Which rows, int64 [n].</param>
/// <param name="Values">Their values, [n, d].</param>
public sealed record TokenRows(Tensor Ids, Tensor Values)
{
    /// <summary>Puts the replaced rows where they were looked up: embeddings [N, d] of ids [N].</summary>
    /// <param name="embeddings">Rows that were looked up, [N, d].</param>
    /// <param name="ids">Their ids, [N].</param>
    /// <returns>The embeddings with the replaced rows, [N, d].</returns>
    public Tensor Into(Tensor embeddings, Tensor ids)
    {
        var which = ids.unsqueeze(1) == Ids.unsqueeze(0);
        var values = Values.index_select(0, which.to(ScalarType.Int64).argmax(1));
        return where(which.any(1).unsqueeze(1), values, embeddings);
    }

    /// <summary>Puts the logits of the replaced rows, for states [.., d], into logits [.., V], which are changed.</summary>
    /// <param name="logits">Logits [.., V] of the table without the replaced rows.</param>
    /// <param name="states">Final states [.., d].</param>
    /// <returns>The same logits.</returns>
    public Tensor IntoLogits(Tensor logits, Tensor states) => logits.index_copy_(-1, Ids, nn.functional.linear(states, Values));
}
