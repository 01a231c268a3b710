using LoRi.Files.Settings;
using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Models.Decoders;
using LoRi.Runs.RunFolders;
using LoRi.Runs.Settings;
using LoRi.Runs.Training;
using LoRi.Training.Methods.LoRi;
using LoRi.Training.Teachers;
using LoRi.Training.Trajectories;

namespace LoRi.Runs.LowRank;

/// <summary>The directions that one corpus fills.</summary>
/// <param name="Corpus"><c>rationale</c>, or a null: <c>question</c>, <c>untrained</c>, <c>independent</c>.</param>
/// <param name="Rows">Both modes under every standardisation.</param>
public sealed record CorpusRanks(string Corpus, IReadOnlyList<RankRow> Rows);

/// <summary>Whether a teacher's trajectories are low-rank, against what would be low-rank anyhow.</summary>
/// <param name="Corpora">The rationale, then the nulls.</param>
/// <param name="Verdict"><c>yes</c>, <c>no</c> or <c>undecided</c>.</param>
/// <param name="Says">The same in words.</param>
public sealed record NullRanks(IReadOnlyList<CorpusRanks> Corpora, string Verdict, string Says)
{
    private const string Rationale = "rationale";

    /// <summary>Deviation of the weights of a model without training.</summary>
    private const double Untrained = 0.02;

    /// <summary>Reads the teacher's states at rationales and at questions, and those of the same model with random weights.</summary>
    /// <param name="settings">Those of <c>lori subspace nulls</c>.</param>
    /// <param name="info">Told what happens, a line each.</param>
    public static NullRanks Of(SettingValues settings, Action<string> info)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(info);
        var teacher = TracedTeacher.Load(settings, info);
        using var model = teacher.Model;
        var levels = new TracedLevels(settings.Get(AlignmentSettings.Levels).Indices(model.Config.Layers));
        IReadOnlyList<(Standardisation Under, Spectrum Own, Spectrum Independent)> Read(string corpus, RationaleTargets targets)
        {
            var rows = ControlledTargets.Traced(teacher.Rows, targets);
            var lines = new CountLines(rows.Count, info, $"{corpus}: ");
            return TeacherFit.SpectraOf(
                new ModelTrajectories(model, rows, levels, settings.Get(AnswerSettings.BatchSize), lines.Tell));
        }

        var own = Read(Rationale, RationaleTargets.Own);
        var question = Read("question", RationaleTargets.Question);
        Initialisation.Fresh(model, Untrained, settings.Get(FitSettings.Seed));
        var untrained = Read("untrained", RationaleTargets.Own);
        return Judged(
        [
            new(Rationale, Rows(own.Select(one => (one.Under, one.Own)))),
            new("question", Rows(question.Select(one => (one.Under, one.Own)))),
            new("untrained", Rows(untrained.Select(one => (one.Under, one.Own)))),
            new("independent", Rows(own.Select(one => (one.Under, one.Independent)))),
        ]);
    }

    /// <summary>The verdict of ranks: by the rank that keeps 95 % of the hidden mode's energy, standardised in full.</summary>
    internal static NullRanks Judged(IReadOnlyList<CorpusRanks> corpora)
    {
        (string Corpus, int Rank)[] ranks =
        [
            .. corpora.Select(one => (one.Corpus, one.Rows.First(row => row is { Standardise: "full", Mode: "hidden" }).RankFor95)),
        ];
        var (own, nulls) = (ranks[0].Rank, ranks[1..]);
        var found = $"95 % of the hidden mode's energy lie in {own} directions, against "
            + string.Join(", ", nulls.Select(one => $"{one.Rank} ({one.Corpus})"));
        return nulls.All(one => 2 * own < one.Rank) ? new(corpora, "yes", $"low-rank, below half of every null: {found}")
            : nulls.Any(one => own >= one.Rank) ? new(corpora, "no", $"no lower in rank than a null: {found}")
            : new(corpora, "undecided", $"below every null, and not below half of each: {found}");
    }

    private static RankRow[] Rows(IEnumerable<(Standardisation Under, Spectrum Spectrum)> spectra) =>
        [.. spectra.SelectMany(one => RankReport.Of(Spectra.Name(one.Under), one.Spectrum))];
}
