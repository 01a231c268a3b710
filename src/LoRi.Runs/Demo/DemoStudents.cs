using LoRi.Files.Text;
using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Training;
using LoRi.Training.Methods;
using LoRi.Training.Methods.Codi;
using LoRi.Training.Methods.CotSft;
using LoRi.Training.Methods.LatentCrossEntropy;
using LoRi.Training.Methods.LoRi;
using LoRi.Training.Methods.NoCot;
using LoRi.Training.Methods.Pccot;
using LoRi.Training.Teachers;

namespace LoRi.Runs.Demo;

/// <summary>How a student of the demonstration answers, what its stages minimise, and how its states become latent inputs.</summary>
internal sealed record DemoMethod(IReasoning Reasoning, params IReadOnlyList<DemoStage> Stages)
{
    public DemoMethod(IReasoning reasoning, IObjective objective)
        : this(reasoning, new DemoStage(objective))
    {
    }

    public ProjectionKind Projection { get; init; } = ProjectionKind.Linear;

    /// <summary>How its rows are written, and those of the teacher that it learns from.</summary>
    public Func<EncodedExample, EncodedExample> Form { get; init; } = row => row;

    /// <summary>The model whose weights the student starts from; null for the teacher of all.</summary>
    public ReasoningModel? Start { get; init; }

    /// <summary>What is trained beside the model.</summary>
    public IReadOnlyList<ModelModule> Modules { get; init; } = [];
}

/// <summary>A part of a student's training; several share its steps evenly.</summary>
/// <param name="Objective">What it minimises.</param>
/// <param name="Trains">The modules that it trains, as <see cref="LearningStage.Trains"/> names them; none for all.</param>
internal sealed record DemoStage(IObjective Objective, params IReadOnlyList<string> Trains);

/// <summary>The students that the demonstration compares, in the order of its table.</summary>
public static class DemoStudents
{
    internal const string Explicit = "cot";

    /// <summary>The student without a chain that trains for LoRi's time.</summary>
    public const string EqualTime = "no-cot-equal-time";

    internal const string LoRi = "lori";
    private const string InParts = "lori-parts";
    private const string AnchorOnly = "anchor-only";
    private const string SimCot = "sim-cot";
    private const string IcotKd = "icot-kd";
    private const string PccotName = "pccot";
    private const string KavaName = "kava";
    internal const string NoCot = "no-cot";
    private const double RationaleWeight = 5;
    private const double AnchorWeight = 0.2;

    private static readonly (string Name, Func<DemoTeacher, DemoSettings, DemoMethod> Create)[] all =
    [
        (LoRi, (teacher, settings) => WithTeacher(teacher.Targets, settings, RationaleWeight, AnchorWeight)),
        ("rationale-only", (teacher, settings) => WithTeacher(teacher.Targets, settings, RationaleWeight, 0)),
        (InParts, (teacher, settings) => WithTeacher(teacher.TargetsInParts.Value, settings, RationaleWeight, AnchorWeight)),
        (AnchorOnly, (teacher, settings) => WithTeacher(teacher.Targets, settings, 0, AnchorWeight)),
        ("codi", (_, settings) => Latent(new CodiObjective(settings.LatentSteps, 1, 1, Grading.Answer), settings)),
        (SimCot, (_, settings) => DemoPeers.SimCot(settings)),
        (PccotName, (_, settings) => Pccot(settings)),
        (KavaName, (_, settings) => DemoPeers.Kava(settings)),
        ("coconut", (_, settings) => DemoPeers.Coconut(settings)),
        ("icot-si", (_, settings) => DemoPeers.IcotSi(settings)),
        (IcotKd, (teacher, _) => DemoPeers.IcotKd(teacher.OfIcotForm.Value)),
        ("latent-ce", (_, settings) => Latent(new LatentObjective(settings.LatentSteps, Grading.Answer), settings)),
        (NoCot, (_, _) => new(PlainReasoning.Direct, new DirectObjective(Grading.Answer))),
        (EqualTime, (_, _) => new(PlainReasoning.Direct, new DirectObjective(Grading.Answer))),
    ];

    /// <summary>Every student's name; the teacher's row comes before them.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. all.Select(one => one.Name)];

    /// <summary>Those that are trained unless others are named: what takes some five minutes on two processors.</summary>
    public static IReadOnlyList<string> Usual { get; } = [.. Names.Except([AnchorOnly, SimCot, PccotName, KavaName, IcotKd])];

    /// <summary>Why these students cannot be compared: there is none, one is not known, or equal time has nothing to be measured
    /// by.</summary>
    /// <param name="names">Names of students.</param>
    public static string? Fault(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        return names.FirstOrDefault(name => !Names.Contains(name)) is { } unknown
            ? $"--methods {unknown}: must be one or more of {string.Join(' ', Names)}, separated by spaces"
                + DidYouMean.Hint(unknown, Names)
            : names.Count == 0 ? "--methods: names no student; name one"
            : names.Contains(EqualTime) && !(names.Contains(LoRi) && names.Contains(NoCot))
                ? $"--methods {EqualTime}: its steps follow from the times of {LoRi} and {NoCot}; name these as well"
            : null;
    }

    /// <summary>What a row of the table is, in a sentence; null for a name that there is not.</summary>
    /// <param name="name">The name of a row.</param>
    public static string? Explain(string name) => name switch
    {
        "rationale-only" => "lori without its anchor term: only the latent steps' moments are pulled to the teacher's",
        InParts => "lori that matches the means of consecutive parts of the chain as well, one part for each latent step: the order of it",
        AnchorOnly => "lori without its rationale term: only the state just before the answer is pulled to the teacher's",
        IcotKd => $"{KnownMethods.Find(name)!.About.Explanation}; its three stages share the steps, and its teacher is "
            + "one of its own, which writes its chains between ends of sequence",
        EqualTime => "no-cot, trained for as many steps as fit into lori's time",
        _ => KnownMethods.Find(name)?.About.Explanation,
    };

    /// <summary>The teacher's way to an answer, and its objective.</summary>
    internal static DemoMethod Teacher { get; } = new(PlainReasoning.Explicit, new ExplicitObjective());

    /// <summary>The method behind a name.</summary>
    internal static DemoMethod Create(string name, DemoTeacher teacher, DemoSettings settings) =>
        all.First(one => one.Name == name).Create(teacher, settings);

    private static DemoMethod Latent(IObjective objective, DemoSettings settings) =>
        new(new SequentialReasoning(settings.LatentSteps), objective);

    private static DemoMethod Pccot(DemoSettings settings)
    {
        var reasoning = new JacobiReasoning(settings.LatentSteps, DemoPeers.Sweeps);
        return new(reasoning, new PccotObjective(reasoning, AnchorUnit.EachLevel, 1, 1, Grading.Answer));
    }

    private static DemoMethod WithTeacher(LoRiTeacher teacher, DemoSettings settings, double rationale, double anchor) => Latent(
        new LoRiObjective(teacher, new LoRiWeights(1, 1, 1, rationale, anchor), settings.LatentSteps, Grading.Answer), settings);
}
