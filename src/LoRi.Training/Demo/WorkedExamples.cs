using LoRi.Training.Models;
using LoRi.Training.Methods.CotSft;
using LoRi.Training.Sequences;
using static TorchSharp.torch;

namespace LoRi.Training.Demo;

/// <summary>Questions shown in full: the teacher's chain, the student's answer, and what each latent step decodes to.</summary>
internal static class WorkedExamples
{
    private const int Count = 4;

    /// <summary>One question each of the longest chains.</summary>
    public static IReadOnlyList<WorkedExample> Of(ReasoningModel teacher, DemoStudent student, IReadOnlyList<EncodedExample> test, DemoSettings settings)
    {
        var chosen = test.GroupBy(ChainedArithmetic.ChainLength).OrderByDescending(group => group.Key).Take(Count).Select(group => group.First()).ToArray();
        var chains = DemoModels.Answers(teacher, new CotSftMethod(), chosen, settings);
        var answers = DemoModels.Answers(student.Model, student.Method, chosen, settings);
        var latents = Decode(student.Model, [.. chosen.Select(example => example.Question)], settings.LatentSteps);
        return [.. chosen.Select((example, index) => new WorkedExample(
            ChainedArithmetic.Text(example.Question),
            ChainedArithmetic.Text(example.Answer[..^1]),
            ChainedArithmetic.Text(chains[index]),
            ChainedArithmetic.Text(answers[index]),
            latents[index]))];
    }

    /// <summary>The token nearest to the final state of every latent step, through the output matrix.</summary>
    private static string[][] Decode(ReasoningModel model, IReadOnlyList<int[]> questions, int steps)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var weights = model.Weights();
        var pass = LatentPass.Run(model, weights, questions, steps, trajectory: true);
        var final = pass.Trajectory!.select(1, pass.Trajectory.shape[1] - 1);
        var ids = Decoder.Logits(weights, final).argmax(-1).data<long>().ToArray();
        return [.. ids.Chunk(steps).Select(row => row.Select(id => ChainedArithmetic.Vocabulary[(int)id]).ToArray())];
    }
}
