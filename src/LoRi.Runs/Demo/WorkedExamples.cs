using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;

namespace LoRi.Runs.Demo;

/// <summary>Questions shown in full: the teacher's chain, the student's answer, and what each latent step decodes to.</summary>
internal static class WorkedExamples
{
    private const int Count = 4;
    private const int TokensShown = 5;

    /// <summary>One question each of the longest chains.</summary>
    public static IReadOnlyList<WorkedExample> Of(
        ReasoningModel teacher, DemoStudent student, IReadOnlyList<EncodedExample> test, DemoSettings settings)
    {
        var chosen = test.GroupBy(ChainedArithmetic.ChainLength).OrderByDescending(group => group.Key).Take(Count)
            .Select(group => group.First()).ToArray();
        var chains = DemoModels.Answers(teacher, DemoStudents.Teacher, chosen, settings);
        var answers = DemoModels.Answers(student.Model, student.Method, chosen, settings);
        var latents = LatentDecoding.ByLevel(
            student.Model, [.. chosen.Select(example => example.Question)], student.Method.Reasoning, TokensShown);
        static string Text(NearToken near) => ChainedArithmetic.Vocabulary[near.Id];
        return [.. chosen.Select((example, index) => new WorkedExample(
            ChainedArithmetic.Text(example.Question),
            ChainedArithmetic.Text(example.Answer[..^1]),
            ChainedArithmetic.Text(chains[index]),
            ChainedArithmetic.Text(answers[index]),
            [.. latents[index].Select(step => Text(step[^1][0]))])
        {
            Method = student.Name,
            Levels = [.. latents[index].Select(step => (LatentToken[][])[.. step.Select(level =>
                (LatentToken[])[.. level.Select(near => new LatentToken(Text(near), near.Share))])])],
        })];
    }
}
