using System.Diagnostics;
using System.Globalization;
using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Runs.Scoring;

namespace LoRi.Runs.Demo;

/// <summary>A trained model of the demonstration and what it wrote for the test questions.</summary>
internal sealed record DemoStudent(
    string Name, long Seed, ReasoningModel Model, DemoMethod Method, IReadOnlyList<int[]> Written, bool[] Right, int Steps, double Seconds)
{
    private const int LatencyQuestions = 60;

    public double Accuracy => (double)Right.Count(right => right) / Right.Length;

    public static DemoStudent Evaluate(
        string name, long seed, ReasoningModel model, DemoMethod method, IReadOnlyList<EncodedExample> test, DemoSettings settings,
        int steps, double seconds)
    {
        var written = DemoModels.Answers(model, method, test, settings);
        var right = test.Select((example, index) => DemoModels.IsRight(method.Form(example), written[index], method.Reasoning.Mode))
            .ToArray();
        return new DemoStudent(name, seed, model, method, written, right, steps, seconds);
    }

    /// <summary>The row of the table; measures the latency of single answers, so nothing else should be running.</summary>
    public DemoRow Row(IReadOnlyList<EncodedExample> test, DemoSettings settings)
    {
        var lengths = test.Select(ChainedArithmetic.ChainLength).ToArray();
        var groups = lengths.Zip(Right).GroupBy(pair => pair.First.ToString(CultureInfo.InvariantCulture)).ToArray();
        var correct = Right.Count(right => right);
        var interval = WilsonInterval.Of(correct, Right.Length);
        return new DemoRow
        {
            Method = Name,
            Seed = Seed,
            Examples = Right.Length,
            Correct = correct,
            Accuracy = Accuracy,
            Interval = [interval.Low, interval.High],
            PerLength = new(groups.ToDictionary(group => group.Key, group => (double)group.Count(pair => pair.Second) / group.Count())),
            ExamplesPerLength = new(groups.ToDictionary(group => group.Key, group => group.Count())),
            Right = string.Concat(Right.Select(right => right ? '1' : '0')),
            Steps = Steps,
            Seconds = Seconds,
            TokensGenerated = Written.Sum(ids => (long)ids.Length),
            LatencyMilliseconds = Latency(test, settings),
        };
    }

    private double Latency(IReadOnlyList<EncodedExample> test, DemoSettings settings)
    {
        var stride = System.Math.Max(1, test.Count / LatencyQuestions);
        var times = new List<double>();
        for (var index = 0; index < test.Count; index += stride)
        {
            var row = Method.Form(test[index]);
            var plan = DemoModels.Generation(Method, row, settings);
            var start = Stopwatch.GetTimestamp();
            AnswerGenerator.Generate(Model, [row.Question], plan);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        times.Sort();
        return times[times.Count / 2];
    }
}
