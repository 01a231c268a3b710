using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using static TorchSharp.torch;

namespace LoRi.Runs.Demo;

/// <summary>Models of the demonstration: fresh teachers, students that start from a teacher, and their answers.</summary>
internal static class DemoModels
{
    private const int ProjectionRows = 256;
    private const int EvaluationBatch = 256;

    private static SpecialIds Special { get; } = new(ChainedArithmetic.BotId, ChainedArithmetic.EotId, ChainedArithmetic.EosId)
    {
        Latent = ChainedArithmetic.LatentId,
    };

    public static ReasoningModel Fresh(DemoSettings settings, long seed)
    {
        var model = New(ProjectionKind.Linear, []);
        Initialisation.Fresh(model, settings.InitialDeviation, seed);
        return model;
    }

    /// <summary>
    /// A student: the teacher's weights, rows for the markers, a linear feedback map. The same for every method, but for one that feeds
    /// its states back as they are, or has a teacher of its own.
    /// </summary>
    public static ReasoningModel Student(
        ReasoningModel teacher, IReadOnlyList<EncodedExample> training, long seed, DemoMethod method)
    {
        var (model, start) = (New(method.Projection, method.Modules), method.Start ?? teacher);
        using (no_grad())
        {
            foreach (var slot in model.Parameters.Slots.Where(slot => start.Parameters.Contains(slot.Name)))
            {
                model.Parameters[slot.Name].copy_(start.Parameters[slot.Name]);
            }
        }

        Initialisation.SpecialRows(model, seed);
        Initialisation.Projection(model, [.. training.Take(ProjectionRows).Select(row => row.Question)], seed);
        foreach (var module in model.Modules)
        {
            module.Initialise?.Invoke(model, seed);
        }

        return model;
    }

    /// <summary>What a model writes for every question, in order; the questions are written in the method's form.</summary>
    public static IReadOnlyList<int[]> Answers(
        ReasoningModel model, DemoMethod method, IReadOnlyList<EncodedExample> questions, DemoSettings settings) =>
        [.. questions.Chunk(EvaluationBatch).SelectMany(rows => AnswerGenerator.Generate(
            model, [.. rows.Select(row => method.Form(row).Question)], Generation(method, method.Form(rows[0]), settings)))];

    /// <summary>How a question is answered: an explicit model has room for its chain, others for the row's answer.</summary>
    public static GenerationPlan Generation(DemoMethod method, EncodedExample row, DemoSettings settings) => new(
        method.Reasoning,
        [ChainedArithmetic.PrefixId],
        method.Reasoning.Mode == AnswerMode.Explicit ? (ChainedArithmetic.TokensPerStep * settings.LongestChain) + 4 : row.Answer.Length,
        [ChainedArithmetic.EosId]);

    /// <summary>Whether what was written ends in the right answer: after the prefix, which an explicit model writes itself.</summary>
    public static bool IsRight(EncodedExample example, int[] written, AnswerMode mode)
    {
        var prefix = Array.IndexOf(written, ChainedArithmetic.PrefixId);
        var answer = mode != AnswerMode.Explicit ? written : prefix < 0 ? [] : written[(prefix + 1)..];
        return answer.SequenceEqual(example.Answer);
    }

    private static ReasoningModel New(ProjectionKind projection, IReadOnlyList<ModelModule> modules) => new(
        DemoSettings.Model, 0, Special, new FeedbackProjection(projection, 0), Precision.Full, CPU, modules: modules);
}
