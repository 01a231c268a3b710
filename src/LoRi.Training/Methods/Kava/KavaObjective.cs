using LoRi.Models;
using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.Kava;

/// <summary>What KaVa compares beside the anchors.</summary>
/// <param name="Weight">Weight of the distance of keys and values, the published alpha_2.</param>
/// <param name="Lambda">Weight of importance against redundancy in the choice of tokens.</param>
/// <param name="Keys">Which keys are compared.</param>
/// <param name="Distance">How far they are from each other.</param>
internal sealed record CacheMatching(double Weight, double Lambda, KeyForm Keys, CacheDistance Distance);

/// <summary>
/// KaVa (Kuzina et al. 2025, arXiv 2510.02312): PCCoT's self-distillation, and beside it every latent step is compared with a token of the
/// explicit chain: by its keys and values, of which as many are kept as there are latent steps (<see cref="CompressedChain"/>).
/// There is no published code; where the paper is open, docs/methods/kava.md says what is done.
/// </summary>
/// <param name="reasoning">Latent steps M and sweeps T.</param>
/// <param name="anchors">How far the student's anchors are from the teacher's.</param>
/// <param name="anchorWeight">Weight of that distance, the published alpha_1.</param>
/// <param name="cache">What is compared beside them.</param>
/// <param name="grading">What is graded in the student's answer.</param>
internal sealed class KavaObjective(JacobiReasoning reasoning, AnchorDistance anchors, double anchorWeight, CacheMatching cache,
    Grading grading)
    : SelfDistillation(reasoning, anchors, anchorWeight, teacherWeight: 1, grading)
{
    /// <summary>The explicit rows are fed to their end: it looks at the chain as the rest of the answer does.</summary>
    public override IReadOnlyList<PairedRow> LayOut(IReadOnlyList<EncodedExample> rows, Moment now, SeededRandom draw) =>
        [.. base.LayOut(rows, now, draw).Select(row => row with { Teacher = row.Teacher with { FeedsLast = true } })];

    /// <inheritdoc/>
    public override IReadOnlyList<LossTerm> Losses(ReasoningModel model, IReadOnlyList<PairedRow> part, Totals whole)
    {
        ArgumentNullException.ThrowIfNull(whole);
        var weights = model.Weights();
        var layers = model.Config.Layers;
        var (chain, steps) = (new DecoderTrace(layers), new DecoderTrace(layers));
        var teacher = Teacher(model, weights, part, chain);
        var latents = JacobiPass.Run(model, weights, [.. part.Select(row => row.Student.Question)], reasoning.Steps, reasoning.Sweeps,
            trajectory: false, steps);
        var student = StudentPass.After(latents, model, weights, [.. part.Select(row => row.Student)], levels: true);
        var (kept, found) = (Compress(CacheHeads.Of(chain, layers, cache.Keys), part), CacheHeads.Of(steps, layers, cache.Keys));
        Tensor Distance(Func<CompressedChain, Tensor> choose, Tensor of) =>
            cache.Distance.Of([.. kept.Select(row => row is null ? null : choose(row))], of).Over(whole[Totals.Rows]);
        return
        [
            .. Terms(student.Answer, teacher, part.Count, whole),
            new LossTerm("keys", Distance(row => row.Keys, found.Keys), cache.Weight),
            new LossTerm("values", Distance(row => row.Values, found.Values), cache.Weight),
        ];
    }

    /// <summary>What is kept of every row's chain; null where there is none.</summary>
    private CompressedChain?[] Compress(CacheHeads teacher, IReadOnlyList<PairedRow> rows) =>
        [.. rows.Select((row, index) =>
            SpanOf(row, index) is { Count: > 0 } span ? CompressedChain.Of(teacher, span, reasoning.Steps, cache.Lambda) : null)];

    private static ChainSpan SpanOf(PairedRow row, int index)
    {
        var (from, end) = (row.Teacher.GradedFrom, row.Teacher.Ids.Length);
        var answer = row.Student.Tail.Length;
        return new(index, from, end - from - answer, end);
    }
}
