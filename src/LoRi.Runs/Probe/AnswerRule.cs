using LoRi.Files.Settings;
using LoRi.Runs.Evaluate;
using LoRi.Runs.Scoring;

namespace LoRi.Runs.Probe;

/// <summary>By which rule a probe's answers are right.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsRight">Whether an answer is right.</param>
internal sealed record AnswerRule(string Name, Func<PredictionRow, bool> IsRight)
{
    /// <summary>One of the two by which every evaluation scores: CODI's or the strict one.</summary>
    public static AnswerRule Of(ScoringRule rule) =>
        new(Forms.Name(rule), rule == ScoringRule.Strict ? row => row.CorrectStrict : row => row.Correct);
}
