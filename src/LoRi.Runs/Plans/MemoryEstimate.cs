using LoRi.Models.Decoders;
using LoRi.Training.Methods;

namespace LoRi.Runs.Plans;

/// <summary>Bytes that training and answering take, roughly, as far as they follow from a model's shape.</summary>
/// <param name="config">The shape.</param>
public sealed class MemoryEstimate(DecoderConfig config)
{
    /// <summary>Rank of the adapters that the estimates speak of.</summary>
    public const int Rank = 16;

    /// <summary>Rows of a step that the estimates speak of.</summary>
    public const int Rows = 32;

    /// <summary>Tokens of a question, a rationale and an answer with its prefix that the estimates speak of.</summary>
    public const int QuestionTokens = 96, RationaleTokens = 128, AnswerTokens = 16;

    /// <summary>Latent steps, with their two markers.</summary>
    private const int LatentTokens = 7;

    private const int MasterBytes = sizeof(float);
    private const int CachedTokens = 1024;

    /// <summary>Of what blocks let go to be computed again, the share that the next block does not get (measured).</summary>
    private const double Scattered = 0.4;

    /// <summary>Of a pair of tokens: three masks of one byte, and one of float32 in the kernel.</summary>
    private const int MaskBytes = 7;

    /// <summary>Number of weights.</summary>
    public long Parameters { get; } = DecoderLayout.Slots(config, 0).Sum(slot => slot.Count);

    /// <summary>Number of values of rank-16 adapters on every linear map of the blocks.</summary>
    public long AdapterParameters { get; } = AdaptersOf(config, Rank);

    /// <summary>
    /// What a backward pass needs of some rows, roughly: of every token and block, ten states, the queries, keys, values, four inner
    /// states and the attention to all tokens, where that is kept; the masks where rows differ; the logits and their gradient of
    /// what is graded. A pass without gradients holds as much until its end.
    /// </summary>
    /// <param name="c">The shape.</param>
    /// <param name="rows">Rows of a pass.</param>
    /// <param name="tokens">Tokens of the longest row.</param>
    /// <param name="graded">Graded tokens of a row.</param>
    /// <param name="elementBytes">Bytes of an activation.</param>
    /// <param name="recomputed">Whether of every block but one only its input, keys and values are kept.</param>
    /// <param name="whole">Tokens of each row whose blocks keep everything nevertheless: autograd's, which keeps slopes of images as well.
    /// </param>
    public static double Activations(
        DecoderConfig c, int rows, int tokens, int graded, int elementBytes, bool recomputed = false, int whole = 0)
    {
        ArgumentNullException.ThrowIfNull(c);
        var masks = rows > 1 ? (double)rows * tokens * tokens * MaskBytes : 0;
        var kept = masks + (3.0 * rows * graded * c.VocabularySize * sizeof(float)) + Slopes(c, rows, whole, elementBytes);
        if (!recomputed || c.Layers == 1)
        {
            return kept + Blocks(c, rows, tokens, tokens, elementBytes);
        }

        var again = tokens - whole;
        double perBlock = c.HiddenSize + (2 * c.KeyValueHeads * c.HeadSize);
        return kept + Blocks(c, rows, whole, tokens, elementBytes) + Blocks(c with { Layers = 1 }, rows, again, tokens, elementBytes)
            + (Scattered * Blocks(c, rows, again, tokens, elementBytes))
            + ((double)rows * again * c.Layers * perBlock * elementBytes);
    }

    /// <summary>
    /// What sweeps over latent steps side by side keep, which all begin at the end of the question and are never computed again: of every
    /// step what a block keeps, and the slopes that wait for the gradients of its matrices; of every sweep the keys and values of all
    /// that it sees, once as they are and once for each query head.
    /// </summary>
    /// <param name="c">The shape.</param>
    /// <param name="rows">Rows of a pass.</param>
    /// <param name="sweeps">Sweeps.</param>
    /// <param name="steps">Latent steps of one.</param>
    /// <param name="seen">Tokens up to its end.</param>
    /// <param name="elementBytes">Bytes of an activation.</param>
    public static double Sweeps(DecoderConfig c, int rows, int sweeps, int steps, int seen, int elementBytes)
    {
        ArgumentNullException.ThrowIfNull(c);
        var heads = 1 + ((double)c.QueryHeads / c.KeyValueHeads);
        return sweeps * (Blocks(c, rows, steps, seen, elementBytes) + Slopes(c, rows, steps, elementBytes)
            + (heads * Cache(c, rows, seen, elementBytes)));
    }

    /// <summary>Slopes of the images of all matrices, which wait for the gradients of these.</summary>
    private static double Slopes(DecoderConfig c, int rows, int tokens, int elementBytes)
    {
        double perToken = ((c.QueryHeads + (2 * c.KeyValueHeads)) * c.HeadSize) + (2 * c.HiddenSize) + (2 * c.IntermediateSize);
        return (double)rows * tokens * c.Layers * perToken * elementBytes;
    }

    /// <summary>What all blocks keep of so many tokens of every row, each of which attends to so many.</summary>
    private static double Blocks(DecoderConfig c, int rows, int tokens, int seen, int elementBytes)
    {
        double perToken = (10 * c.HiddenSize) + (2 * (c.QueryHeads + c.KeyValueHeads) * c.HeadSize) + (4 * c.IntermediateSize);
        var scores = (double)rows * c.QueryHeads * tokens * seen * elementBytes;
        return (scores <= Attention.MostScoreBytes ? 2.0 * scores * c.Layers : 0)
            + ((double)rows * tokens * c.Layers * perToken * elementBytes);
    }

    /// <summary>Keys and values of some rows.</summary>
    /// <param name="c">The shape.</param>
    /// <param name="rows">Rows of a pass.</param>
    /// <param name="tokens">Tokens of the longest row.</param>
    /// <param name="elementBytes">Bytes of a number.</param>
    public static double Cache(DecoderConfig c, int rows, double tokens, int elementBytes)
    {
        ArgumentNullException.ThrowIfNull(c);
        return 2.0 * rows * tokens * c.Layers * c.KeyValueHeads * c.HeadSize * elementBytes;
    }

    /// <summary>Number of values of adapters of a rank on every linear map of the blocks.</summary>
    internal static long AdaptersOf(DecoderConfig c, int rank) =>
        LinearModule.Of(c).Sum(module => (long)rank * (module.Inputs + module.Outputs));

    /// <summary>Weights and the keys and values of 1024 tokens, for answering one question.</summary>
    /// <param name="elementBytes">Bytes of a number.</param>
    public double Inference(int elementBytes) =>
        (elementBytes * (double)Parameters) + Cache(config, 1, CachedTokens, elementBytes);

    /// <summary>Weights, gradients, both moments and activations of a step.</summary>
    /// <param name="method">The method.</param>
    /// <param name="elementBytes">Bytes of a number of the arithmetic: 4 or 2.</param>
    /// <param name="adapters">Whether adapters are trained in place of all weights.</param>
    /// <param name="online">Whether a frozen teacher is held as well.</param>
    /// <param name="modules">What is trained beside the decoder and its projection; left out, nothing.</param>
    public double Training(
        MethodFacts method, int elementBytes, bool adapters, bool online = false, IReadOnlyList<ModelModule>? modules = null)
    {
        ArgumentNullException.ThrowIfNull(method);
        ParameterSlot[] beside = [.. (modules ?? []).SelectMany(module => module.Slots)];
        var (all, learning) = (beside.Sum(slot => (double)slot.Count), beside.Where(slot => slot.Trained).Sum(slot => (double)slot.Count));
        var narrow = elementBytes < MasterBytes ? elementBytes : 0;
        var projection = !method.TakesLatentSteps ? 0 : 2.0 * config.HiddenSize * config.HiddenSize;
        var trained = projection + learning + (adapters ? AdapterParameters : Parameters);
        var frozen = (adapters ? (double)Parameters : 0) + all - learning;
        var teacher = online ? (MasterBytes + narrow) * (double)Parameters : 0;
        return (4 * MasterBytes * trained) + (MasterBytes * frozen) + (narrow * (Parameters + all)) + teacher
            + StepActivations(method, elementBytes);
    }

    private double StepActivations(MethodFacts method, int elementBytes)
    {
        const int Explicit = QuestionTokens + RationaleTokens + AnswerTokens, Direct = QuestionTokens + AnswerTokens;
        double Of(int tokens, int graded) => Activations(config, Rows, tokens, graded, elementBytes);
        var chain = method.ReadsChain ? Of(Explicit, RationaleTokens + AnswerTokens) : 0;
        var answer = !method.IsStudent ? 0 : Of(method.TakesLatentSteps ? Direct + LatentTokens : Direct, AnswerTokens);
        var explained = method.ExplainsSteps ? Of(RationaleTokens, RationaleTokens) : 0;
        return chain + answer + explained;
    }
}
