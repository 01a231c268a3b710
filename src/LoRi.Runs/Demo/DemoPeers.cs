using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Training.Methods;
using LoRi.Training.Methods.Coconut;
using LoRi.Training.Methods.IcotKd;
using LoRi.Training.Methods.IcotSi;
using LoRi.Training.Methods.Kava;
using LoRi.Training.Methods.SimCot;

namespace LoRi.Runs.Demo;

/// <summary>Peers whose settings depend on the demonstration's lengths. Nothing in them is tuned: published values, or what fits.</summary>
internal static class DemoPeers
{
    /// <summary>Jacobi sweeps, as PCCoT published them.</summary>
    public const int Sweeps = 3;

    /// <summary>Share of its steps in which a curriculum changes; the rest trains what is left at its end.</summary>
    private const double Changing = 0.6;

    private const double Smoothing = 4;
    private const double Importance = 0.1;

    /// <summary>KaVa with anchors and caches weighted alike.</summary>
    public static DemoMethod Kava(DemoSettings settings)
    {
        var reasoning = new JacobiReasoning(settings.LatentSteps, Sweeps);
        var cache = new CacheMatching(1, Importance, KeyForm.BeforeRope, new CacheDistance(CacheNorm.SmoothL1, ByLayerDeviation: false));
        var anchors = new AnchorDistance(1, AnchorNorm.L1, AnchorUnit.None);
        return new(reasoning, new KavaObjective(reasoning, anchors, 1, cache, Grading.Answer));
    }

    /// <summary>SIM-CoT on CODI: the auxiliary decoder begins as the teacher, and is of no use afterwards.</summary>
    public static DemoMethod SimCot(DemoSettings settings) => new(
        new SequentialReasoning(settings.LatentSteps), new SimCotOnCodi(settings.LatentSteps, 1, 1, Grading.Answer))
    {
        Modules = [AuxiliaryDecoder.Module(DemoSettings.Model)],
    };

    /// <summary>Coconut from the teacher's weights, which write chains already: a step of the chain gives way at a time, then all
    /// have.</summary>
    public static DemoMethod Coconut(DemoSettings settings)
    {
        var stages = new LatentStages
        {
            PerStep = System.Math.Max(1, settings.LatentSteps / settings.LongestChain),
            First = 1,
            Last = settings.LongestChain,
            EpochsPerStage = Changing * settings.StudentSteps / System.Math.Max(1, settings.LongestChain - 1) / StepsPerEpoch(settings),
        };
        return new(new SequentialReasoning(stages.PerStep * stages.Last, stages.PerStep), new CoconutObjective(stages, uniform: 0))
        {
            Projection = ProjectionKind.Identity,
        };
    }

    /// <summary>iCoT-SI from the teacher's weights: a token of the chain goes at a time, then all have.</summary>
    public static DemoMethod IcotSi(DemoSettings settings)
    {
        var tokens = ChainedArithmetic.TokensPerStep * settings.LongestChain;
        var schedule = new RemovalSchedule
        {
            StepsPerEpoch = StepsPerEpoch(settings),
            PerEpoch = tokens * StepsPerEpoch(settings) / (Changing * settings.StudentSteps),
            AllFrom = tokens,
        };
        return new(PlainReasoning.Explicit, new IcotSiObjective(
            schedule, new RemovalOffsets(Smoothing).Draw, RemovalSide.Left, keepsPositions: false, OptimizerReset.Stage));
    }

    /// <summary>
    /// iCoT-KD from the weights of a teacher of its own form, of which the emulator begins as a copy: a third of the steps to learn with
    /// that teacher's states, one to emulate them, one for both together.
    /// </summary>
    public static DemoMethod IcotKd(ReasoningModel teacher)
    {
        var reasoning = new SubstitutedReasoning(Components: 1, Temperature: 1, DemoSettings.Model.VocabularySize);
        var (states, emulated) = (new TeacherStates(teacher, new StatePlaces(null).Of), new EmulatedStates(reasoning.Emulator));
        return new(
            reasoning,
            new DemoStage(new SubstitutedObjective(states), LearningStage.Decoder, StateMaps.Name),
            new DemoStage(new EmulatorObjective(states, emulated), StateEmulator.Name),
            new DemoStage(new SubstitutedObjective(emulated)))
        {
            Projection = ProjectionKind.Identity,
            Modules = reasoning.Modules(DemoSettings.Model),
            Form = InIcotForm,
            Start = teacher,
        };
    }

    /// <summary>A row as iCoT writes it: ends of sequence after the question and after the chain, and the prefix is the answer's.</summary>
    public static EncodedExample InIcotForm(EncodedExample row) => row with
    {
        Question = [.. row.Question, ChainedArithmetic.EosId],
        Prefix = [ChainedArithmetic.EosId],
        Answer = [.. row.Prefix, .. row.Answer],
    };

    private static int StepsPerEpoch(DemoSettings settings) => (settings.TrainingRows + settings.BatchSize - 1) / settings.BatchSize;
}
