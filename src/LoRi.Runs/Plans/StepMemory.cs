using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Training.Methods;

namespace LoRi.Runs.Plans;

/// <summary>What the passes of a micro-batch keep for their backward pass, roughly, as far as it follows from rows and method.</summary>
/// <param name="method">How is trained.</param>
/// <param name="config">The model's shape.</param>
/// <param name="elementBytes">Bytes of an activation.</param>
/// <param name="recomputed">Whether blocks keep their inputs alone where they can.</param>
internal sealed class StepMemory(MethodPlan method, DecoderConfig config, int elementBytes, bool recomputed)
{
    /// <summary>Bytes of libtorch, of this program and of what a step takes for a moment, on the CPU.</summary>
    public const double ProgramBytes = 280 << 20;

    /// <summary>Bytes of some rows, each as long as the longest.</summary>
    /// <param name="rows">Rows of a micro-batch.</param>
    /// <param name="data">All rows, of which the longest counts.</param>
    /// <param name="longest">Tokens that a row passes at most, where only one of its passes is held at once.</param>
    public double Of(int rows, IReadOnlyList<EncodedExample> data, int longest)
    {
        var (about, steps) = (method.About, method.Reasoning.LatentSteps);
        var (student, chain) = (data.Max(row => row.StudentLength(steps)), data.Max(row => row.ExplicitLength));
        var (tail, rationale) = (data.Max(row => row.Prefix.Length + row.Answer.Length), data.Max(row => row.Rationale.Length));
        if (about.PairsChain)
        {
            // Latent steps that begin again leave the answer's pass to autograd as well.
            var sweeps = method.Reasoning as JacobiReasoning;
            return Pass(chain, rationale + tail, about.TracesChain ? chain : 0)
                + Pass(student, tail, sweeps is null ? 0 : 1 + tail)
                + (sweeps is null ? 0 : MemoryEstimate.Sweeps(config, rows, sweeps.Sweeps, steps, student, elementBytes));
        }

        return Pass(longest, tail + (about.ReadsChain ? rationale : 0), 0);

        double Pass(int tokens, int graded, int whole) =>
            MemoryEstimate.Activations(config, rows, tokens, graded, elementBytes, recomputed, whole);
    }
}
