using System.Diagnostics;
using System.Globalization;
using LoRi.Models;
using LoRi.Models.Decoders;
using LoRi.Models.Sequences;
using LoRi.Models.Tensors;
using LoRi.Training.Methods;
using LoRi.Training.Ranks;
using static TorchSharp.torch;

namespace LoRi.Training;

/// <summary>How long and in what portions a model is trained.</summary>
public sealed record TrainingPlan
{
    /// <summary>Optimizer steps.</summary>
    public required int Steps { get; init; }

    /// <summary>Rows of an optimizer step.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Rows of one forward and backward pass; gradients accumulate over the passes of a step.</summary>
    public int MicroBatchSize { get; init; } = int.MaxValue;

    /// <summary>Forward and backward passes of a step.</summary>
    public int MicroBatches => Ceiling(BatchSize, System.Math.Min(MicroBatchSize, BatchSize));

    /// <summary>Whether blocks keep their inputs alone and are computed again on the way back: less memory, more time.</summary>
    public bool Checkpointing { get; init; }

    /// <summary>Seed of the data order.</summary>
    public long Seed { get; init; }

    /// <summary>The optimizer.</summary>
    public required OptimizerSettings Optimizer { get; init; }

    /// <summary>Rows of a pass where a step's rows are cut into so many parts.</summary>
    internal static int MicroBatchOf(int batch, int accumulation) => Ceiling(batch, accumulation);

    /// <summary>Passes that come of it: fewer than asked for where the last ones would have no row.</summary>
    internal static int Parts(int batch, int accumulation) => Ceiling(batch, MicroBatchOf(batch, accumulation));

    private static int Ceiling(int count, int size) => ((count - 1) / size) + 1;
}

/// <summary>What one optimizer step did.</summary>
/// <param name="Step">Its number, counted from 1.</param>
/// <param name="Loss">The total that was differentiated.</param>
/// <param name="Terms">The unweighted terms by name.</param>
/// <param name="LearningRate">Learning rate of the update.</param>
/// <param name="GradientNorm">Global 2-norm of the gradient before clipping.</param>
/// <param name="Tokens">Real tokens (latent steps included) of its sequences.</param>
/// <param name="Seconds">Wall time.</param>
public sealed record StepMetrics(
    int Step, double Loss, IReadOnlyDictionary<string, double> Terms, double LearningRate, double GradientNorm, long Tokens, double Seconds)
{
    /// <summary>The point of the objective's curriculum at which the step was made.</summary>
    public int Point { get; init; }
}

/// <summary>The training loop: rows of the step, loss terms of the objective, backward, one update. One dispose scope per pass.</summary>
public sealed class Trainer : IDisposable
{
    private readonly ReasoningModel model;
    private readonly IObjective objective;
    private readonly IReadOnlyList<EncodedExample> data;
    private readonly TrainingPlan plan;
    private readonly BatchOrder order;
    private readonly ICommunicator ranks;
    private readonly GradientTree tree;
    private readonly MergedAdapters merged;

    /// <summary>A trainer that has made no step yet.</summary>
    /// <param name="model">What is trained.</param>
    /// <param name="objective">What it minimises.</param>
    /// <param name="data">The rows.</param>
    /// <param name="plan">How long, and in what portions.</param>
    /// <param name="ranks">The processes that the micro-batches of a step are dealt out to, as many to each; null for this one
    /// alone.</param>
    public Trainer(ReasoningModel model, IObjective objective, IReadOnlyList<EncodedExample> data, TrainingPlan plan,
        ICommunicator? ranks = null)
    {
        this.ranks = ranks ?? SingleProcess.Instance;
        (this.model, this.objective, this.data, this.plan) = (model, objective, data, plan);
        order = new BatchOrder(data.Count, plan.BatchSize, plan.Seed);
        Optimizer = new AdamW(model.Parameters, plan.Optimizer, this.ranks);
        tree = new GradientTree(model.Parameters.Gradients, plan.MicroBatches / this.ranks.Size);
        merged = new MergedAdapters(model);
    }

    /// <summary>The optimizer, whose state a checkpoint holds.</summary>
    public AdamW Optimizer { get; }

    /// <summary>Steps made so far; the optimizer may have been reset between them.</summary>
    public int CompletedSteps { get; internal set; }

    /// <summary>Where the training is.</summary>
    public Moment Now => At(CompletedSteps);

    /// <summary>Where it was before the last step: what that step's rows were laid out for.</summary>
    public Moment Before => At(System.Math.Max(0, CompletedSteps - 1));

    /// <summary>Whether the plan is fulfilled.</summary>
    public bool Finished => CompletedSteps >= plan.Steps;

    /// <summary>Makes the next optimizer step.</summary>
    /// <returns>The losses of the step and the gradient's norm.</returns>
    public StepMetrics Step()
    {
        using var scope = NewDisposeScope();
        var clock = Stopwatch.StartNew();
        var step = CompletedSteps;
        if (step > 0 && objective.Curriculum.ResetsOptimizer(Now, () => Prepare(step - 1)))
        {
            Optimizer.Reset();
        }

        var prepared = Prepare(step);
        var terms = new Dictionary<string, double>();
        model.Parameters.Gradients.zero_();
        var loss = Differentiate(prepared, step, terms);
        var rate = plan.Optimizer.LearningRateAt(step, plan.Steps);
        var norm = Optimizer.Step(rate);
        CompletedSteps++;
        var tokens = prepared.Lengths.Sum(length => (long)length);
        return new StepMetrics(step + 1, loss, terms, rate, norm, tokens,
            clock.Elapsed.TotalSeconds)
        { Point = objective.Curriculum.PointAt(At(step)) };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        tree.Dispose();
        merged.Dispose();
        Optimizer.Dispose();
    }

    private Moment At(int step) => new(step, (double)step * plan.BatchSize / data.Count);

    private IPreparedStep Prepare(int step) => objective.Prepare(
        [.. order.RowsOf(step).Select(index => data[index])], At(step),
        new SeededRandom(plan.Seed, string.Create(CultureInfo.InvariantCulture, $"rows of step {step}")));

    /// <summary>
    /// Loss and gradient of a step: each rank computes a run of its micro-batches, and their sums are taken as one process would; each
    /// rank gets the gradient of the values that it updates.
    /// </summary>
    private double Differentiate(IPreparedStep prepared, int step, Dictionary<string, double> terms)
    {
        var parts = Enumerable.Range(0, plan.BatchSize).Chunk(System.Math.Min(plan.MicroBatchSize, plan.BatchSize)).ToArray();
        var share = parts.Length / ranks.Size;
        using var open = merged.OfStep();
        var own = new List<MicroBatch>(share);
        for (var part = ranks.Rank * share; part < (ranks.Rank + 1) * share; part++)
        {
            using var dropout = model.BeginDropout(plan.Seed, step, part);
            own.Add(Accumulate(prepared, parts[part]));
            tree.Add();
        }

        ranks.SumShares(model.Parameters.Gradients);
        var all = ranks.Size == 1 ? own : ranks.Gather(MicroBatch.Write(own)).SelectMany(MicroBatch.Read);
        return Total(all, terms);
    }

    /// <summary>Adds losses and terms in the order of the micro-batches.</summary>
    private static double Total(IEnumerable<MicroBatch> parts, Dictionary<string, double> terms)
    {
        var loss = 0.0;
        foreach (var part in parts)
        {
            loss += part.Loss;
            foreach (var (name, value) in part.Terms)
            {
                terms[name] = terms.GetValueOrDefault(name) + value;
            }
        }

        return loss;
    }

    private MicroBatch Accumulate(IPreparedStep step, int[] rows)
    {
        using var scope = NewDisposeScope();
        using var gradients = new DeferredGradients(
            model, DeferredGradients.Worthwhile, recomputes: plan.Checkpointing);
        Tensor? total = null;
        var terms = new List<(string, double)>();
        foreach (var term in step.Losses(model, rows[0], rows.Length))
        {
            terms.Add((term.Name, term.Value.to(ScalarType.Float64).item<double>()));
            if (term.Weight != 0)
            {
                var weighted = term.Value.Times(term.Weight);
                total = total is null ? weighted : total.Plus(weighted);
            }
        }

        gradients.Differentiate(total!);
        return new MicroBatch(total!.to(ScalarType.Float64).item<double>(), terms);
    }
}
