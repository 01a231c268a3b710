using LoRi.Models.Decoders;
using LoRi.Training;

namespace LoRi.Runs.Demo;

/// <summary>Sizes and lengths of a demonstration. Everything that students share is here once, so no row is tuned alone.</summary>
public sealed record DemoSettings
{
    /// <summary>The setting's name.</summary>
    public required string Name { get; init; }

    /// <summary>What the setting shows, in one sentence, for the reader of the table.</summary>
    public required string Purpose { get; init; }

    /// <summary>Latent steps of every student that has them.</summary>
    public required int LatentSteps { get; init; }

    /// <summary>Longest chain; the chain of thought is twice as many tokens.</summary>
    public required int LongestChain { get; init; }

    /// <summary>Training rows.</summary>
    public required int TrainingRows { get; init; }

    /// <summary>Test questions of each chain length (fewer exist of length 1).</summary>
    public required int TestRowsPerLength { get; init; }

    /// <summary>Optimizer steps of the explicit teacher.</summary>
    public required int TeacherSteps { get; init; }

    /// <summary>Optimizer steps of every student (but the one that trains for equal time).</summary>
    public required int StudentSteps { get; init; }

    /// <summary>Rows of a step.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Peak learning rate of the teacher.</summary>
    public double TeacherRate { get; init; } = 3e-3;

    /// <summary>Peak learning rate of every student.</summary>
    public double StudentRate { get; init; } = 2e-3;

    /// <summary>Deviation of fresh weights.</summary>
    public double InitialDeviation { get; init; } = 0.08;

    /// <summary>The model: 3 blocks of width 64, 4 heads, tied embeddings.</summary>
    public static DecoderConfig Model { get; } = new()
    {
        HiddenSize = 64,
        IntermediateSize = 160,
        Layers = 3,
        QueryHeads = 4,
        KeyValueHeads = 4,
        HeadSize = 16,
        VocabularySize = ChainedArithmetic.Vocabulary.Count,
        NormEpsilon = 1e-5,
        RotaryBase = 10_000,
        TiedHead = true,
        MaxPositions = 64,
        EosIds = [ChainedArithmetic.EosId],
    };

    /// <summary>One latent step for every token of the longest chain of thought.</summary>
    public static DemoSettings OnePerToken { get; } = new()
    {
        Name = "one-per-token",
        Purpose = "one latent step per token of the longest chain: shows that the latents learn the teacher's reasoning, not that they "
            + "compress it",
        LatentSteps = 10,
        LongestChain = 5,
        TrainingRows = 40_000,
        TestRowsPerLength = 400,
        TeacherSteps = 700,
        StudentSteps = 700,
    };

    /// <summary>Half as many latent steps as tokens in the longest chain, and longer training.</summary>
    public static DemoSettings Compressed { get; } = OnePerToken with
    {
        Name = "compressed",
        Purpose = "half as many latent steps as the longest chain has tokens: shows compression; No-CoT, given the same time, is a closer "
            + "rival here",
        LatentSteps = 5,
        StudentSteps = 2_400,
    };

    /// <summary>Whether this is the smoke test.</summary>
    public bool IsQuick { get; init; }

    /// <summary>A smoke test of any setting: short chains, few rows, few steps. Its numbers mean nothing.</summary>
    public DemoSettings Quick() => this with
    {
        IsQuick = true,
        LongestChain = 2,
        LatentSteps = System.Math.Min(LatentSteps, 4),
        TrainingRows = 4_000,
        TestRowsPerLength = 100,
        TeacherSteps = 150,
        StudentSteps = 120,
    };

    /// <summary>The optimizer of a teacher or a student.</summary>
    /// <param name="rate">The largest learning rate.</param>
    public static OptimizerSettings Optimizer(double rate) => new()
    {
        LearningRate = rate,
        Schedule = Schedule.HalfCosine,
        WarmupSteps = 50,
        Beta2 = 0.98,
        WeightDecay = 0.01,
    };
}
