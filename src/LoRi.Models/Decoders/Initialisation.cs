using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>Start values of a model's weights.</summary>
public static class Initialisation
{
    private const double SpecialNoise = 0.02;

    /// <summary>Fresh weights: norms one, biases zero, matrices and tables normal with the given deviation.</summary>
    /// <param name="model">The model whose parameters are overwritten.</param>
    /// <param name="deviation">The standard deviation of matrices and tables.</param>
    /// <param name="seed">The same seed gives the same weights.</param>
    public static void Fresh(ReasoningModel model, double deviation, long seed)
    {
        using var guard = no_grad();
        foreach (var slot in DecoderLayout.Slots(model.Config, model.ExtraRows))
        {
            var target = model.Parameters[slot.Name];
            if (slot.Shape.Length == 1)
            {
                target.FillWith(slot.Name.EndsWith(".bias", StringComparison.Ordinal) ? 0 : 1);
            }
            else
            {
                new SeededRandom(seed, slot.Name).FillNormal(target, deviation);
            }
        }
    }

    /// <summary>
    /// The rows of the markers: the mean of the table's other rows plus normal noise of 2 % of their deviation, or copies of a row.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="copyOf">The id whose row they begin as; null for the mean.</param>
    public static void SpecialRows(ReasoningModel model, long seed, int? copyOf = null)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        foreach (var name in DecoderLayout.Tables(model.Config))
        {
            var table = model.Parameters[name];
            if (copyOf is { } origin)
            {
                foreach (var id in model.Special.Markers)
                {
                    table.select(0, id).copy_(table.select(0, origin));
                }

                continue;
            }

            var others = Enumerable.Range(0, (int)table.shape[0]).Where(id => !model.Special.Markers.Contains(id)).Select(id => (long)id)
                .ToArray();
            var known = table.index_select(0, tensor(others, device: table.device));
            var (mean, deviation) = (known.mean([0L]), known.std().to(ScalarType.Float64).item<double>());
            foreach (var id in model.Special.Markers)
            {
                var noise = zeros_like(mean);
                new SeededRandom(seed, $"{name} row {id}").FillNormal(noise, SpecialNoise * deviation);
                table.select(0, id).copy_(mean.Plus(noise));
            }
        }
    }

    /// <summary>
    /// Adapters that add nothing yet: A uniform within 1 / sqrt(inputs), as PyTorch initialises linear layers, B zero; the rows that
    /// are replaced as they are in the table.
    /// </summary>
    /// <param name="model">A model with adapters, which are overwritten.</param>
    /// <param name="seed">The same seed gives the same matrices.</param>
    public static void Adapters(ReasoningModel model, long seed)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        foreach (var adapted in model.Adapters?.Modules ?? [])
        {
            new SeededRandom(seed, adapted.A).FillUniform(model.Parameters.Part(adapted.A), 1 / System.Math.Sqrt(adapted.Module.Inputs));
            model.Parameters.Part(adapted.B).zero_();
        }

        foreach (var rows in model.Adapters?.Rows ?? [])
        {
            var ids = tensor(rows.Ids.Select(id => (long)id).ToArray(), device: model.Device);
            model.Parameters.Part(rows.Name).copy_(model.Parameters[rows.Table].index_select(0, ids));
        }
    }

    /// <summary>
    /// The feedback projection; the linear map is scaled by the ratio of the embeddings' root mean square to that of the
    /// final states at <c>&lt;bot&gt;</c> over some questions.
    /// </summary>
    /// <param name="model">A student, whose projection is overwritten.</param>
    /// <param name="questions">Ids of some questions; a few dozen tell the ratio.</param>
    /// <param name="seed">The same seed gives the same weights.</param>
    public static void Projection(ReasoningModel model, IReadOnlyList<int[]> questions, long seed)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var rows = PaddedRows.Left([.. questions.Select(question => (int[])[.. question, model.Special.Bot])], model.Device);
        var weights = model.Weights();
        var embeddings = model.Decoder.Embed(weights, rows);
        var final = model.Decoder.Forward(weights, embeddings, rows.Positions()).Final.select(1, rows.Width - 1);
        var ratio = RootMeanSquare(weights.Embedding) / RootMeanSquare(final);
        model.Projection.Initialise(model.Parameters, ratio, new SeededRandom(seed, "projection"));
    }

    private static double RootMeanSquare(Tensor values) =>
        values.to(ScalarType.Float32).Squared().mean().sqrt().to(ScalarType.Float64).item<double>();
}
