using LoRi.Math.Fluent;
using LoRi.Models;
using LoRi.Models.Sequences;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Runs.Probe;

/// <summary>The inputs of the latent steps of all questions, as the model itself makes them, and what replaces them.</summary>
internal sealed class ObservedLatents : IDisposable
{
    /// <summary>[N, M, d] in float64 on the CPU.</summary>
    private readonly Tensor all;
    private readonly Tensor means;
    private readonly Lazy<Tensor> directions;

    /// <summary>Takes the inputs of some questions over, [N, M, d].</summary>
    public ObservedLatents(Tensor inputs)
    {
        using var scope = NewDisposeScope();
        all = inputs.to(ScalarType.Float64).cpu().alias().DetachFromDisposeScope();
        means = all.mean([0L]).DetachFromDisposeScope();
        directions = new(Directions);
    }

    /// <summary>Components of an input, d.</summary>
    public int Width => (int)all.shape[2];

    /// <summary>Questions, N.</summary>
    public int Questions => (int)all.shape[0];

    /// <summary>The edit for a batch of questions.</summary>
    /// <param name="intervention">What becomes of the inputs.</param>
    /// <param name="steps">Numbers of the steps whose inputs are replaced, from 0.</param>
    /// <param name="questions">Numbers of the batch's questions.</param>
    /// <param name="draw">Which draw of what is random.</param>
    public LatentEdit Edit(LatentIntervention intervention, IReadOnlySet<int> steps, IReadOnlyList<int> questions, long draw)
    {
        var replace = Replacement(intervention, questions, draw);
        return (step, inputs) =>
        {
            if (!steps.Contains(step))
            {
                return inputs;
            }

            using var scope = NewDisposeScope();
            return replace(step, inputs.to(ScalarType.Float64).cpu()).to(inputs.dtype).to(inputs.device).expand(inputs.shape)
                .contiguous().MoveToOuterDisposeScope();
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        all.Dispose();
        means.Dispose();
        if (directions.IsValueCreated)
        {
            directions.Value.Dispose();
        }
    }

    private Func<int, Tensor, Tensor> Replacement(LatentIntervention intervention, IReadOnlyList<int> questions, long draw)
    {
        switch (intervention.Kind)
        {
            case InterventionKind.Zero:
                return (_, inputs) => inputs.zeros_like();
            case InterventionKind.Mean:
                return (step, _) => means[step].unsqueeze(0);
            case InterventionKind.Shuffle:
                var donors = Controls.Derangement(draw, Questions);
                var chosen = questions.Select(question => (long)donors[question]).ToArray();
                return (step, _) => all.index_select(0, tensor(chosen)).select(1, step);
            case InterventionKind.Noise:
                return (step, inputs) => inputs.Plus(Noise(step, questions, draw).mul(Deviation(step)).Times(intervention.Amount));
            case InterventionKind.Rank:
                return Projecting(directions.Value.narrow(1, 0, (long)intervention.Amount).alias());
            default:
                return Projecting(Random((int)intervention.Amount, draw));
        }
    }

    /// <summary>The root of the mean square by which a step's inputs leave their mean.</summary>
    private Tensor Deviation(int step) => (all.select(1, step) - means[step]).Squared().mean().sqrt();

    /// <summary>The same noise for a question whatever stands beside it.</summary>
    private Tensor Noise(int step, IReadOnlyList<int> questions, long draw)
    {
        var values = questions.SelectMany(question =>
        {
            var random = new SeededRandom(draw, $"noise at step {step} of question {question}");
            return Enumerable.Range(0, Width).Select(_ => random.Normal()).ToArray();
        }).ToArray();
        return tensor(values, [questions.Count, Width], ScalarType.Float64);
    }

    /// <summary>Around the step's mean, what is kept in the span of orthonormal columns [d, k].</summary>
    private Func<int, Tensor, Tensor> Projecting(Tensor columns) =>
        (step, inputs) => means[step].Plus((inputs - means[step]).matmul(columns).matmul(columns.t()));

    /// <summary>Eigenvectors of the covariance over questions and steps, each step around its mean, the largest first: [d, d].</summary>
    private Tensor Directions()
    {
        using var scope = NewDisposeScope();
        var deviations = (all - means).reshape(-1, Width);
        var (_, vectors) = Eigen(deviations.t().matmul(deviations));
        return vectors.DetachFromDisposeScope();
    }

    private static (double[] Values, Tensor Vectors) Eigen(Tensor gram)
    {
        var found = new TorchSpectral().SymmetricEigen(new TorchTensor(gram));
        return (found.Item1, TorchTensor.Unwrap(found.Item2));
    }

    private Tensor Random(int rank, long draw)
    {
        var values = zeros(Width, rank, ScalarType.Float64);
        new SeededRandom(draw, "random directions").FillNormal(values, 1);
        return linalg.qr(values).Item1;
    }
}
