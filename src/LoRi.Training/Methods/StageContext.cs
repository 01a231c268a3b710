using LoRi.Files;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Sequences;
using LoRi.Training.Ranks;
using static TorchSharp.torch;

namespace LoRi.Training.Methods;

/// <summary>Told what a stage does.</summary>
public interface IStageLog
{
    /// <summary>Something happened.</summary>
    /// <param name="line">One line without its end.</param>
    void Info(string line);

    /// <summary>Something that the user should look at.</summary>
    /// <param name="line">One line without its end.</param>
    void Warn(string line);

    /// <summary>Something is done that makes no steps: <paramref name="done"/> of <paramref name="total"/>, both 0 where that is not
    /// known.</summary>
    /// <param name="name">What is being done.</param>
    /// <param name="done">How much of it is done.</param>
    /// <param name="total">How much there is to do.</param>
    void Phase(string name, int done = 0, int total = 0);
}

/// <summary>What a stage of a method finds: the model, the rows, the frozen teacher, and a folder of the run's own.</summary>
public sealed record StageContext
{
    /// <summary>What is trained.</summary>
    public required ReasoningModel Model { get; init; }

    /// <summary>The training rows, numbered 0, 1, ...</summary>
    public required IReadOnlyList<EncodedExample> Rows { get; init; }

    /// <summary>The training rows as the frozen teacher reads them, by its own tokenizer.</summary>
    public required IReadOnlyList<EncodedExample> TeacherRows { get; init; }

    /// <summary>The frozen teacher, as it was named; null where there is none.</summary>
    public string? Teacher { get; init; }

    /// <summary>Names the data in messages.</summary>
    public required string Data { get; init; }

    /// <summary>Number types of the model, and of the teacher.</summary>
    public required Precision Precision { get; init; }

    /// <summary>What settings call the type of the arithmetic.</summary>
    public required string Dtype { get; init; }

    /// <summary>Where the model is.</summary>
    public required Device Device { get; init; }

    /// <summary>The run's seed.</summary>
    public required long Seed { get; init; }

    /// <summary>Rows of a step.</summary>
    public required int BatchSize { get; init; }

    /// <summary>The folder of the run.</summary>
    public required string Folder { get; init; }

    /// <summary>
    /// The processes that share the run. The first one writes the run's files; another one finds there what that one has written.
    /// </summary>
    public ICommunicator Ranks { get; init; } = SingleProcess.Instance;

    /// <summary>Whether the run has made steps before: what it collected then must be kept.</summary>
    public bool HasBegun { get; init; }

    /// <summary>Whether a checkpoint's weights take the place of those that the run starts from.</summary>
    public bool IsResumed { get; init; }

    /// <summary>Whether this is a trial on a few rows, which may write into <see cref="Folder"/> alone.</summary>
    public bool IsTrial { get; init; }

    /// <summary>Told what happens.</summary>
    public required IStageLog Log { get; init; }

    /// <summary>Asks to stop.</summary>
    public CancellationToken Stop { get; init; }

    /// <summary>Loads the frozen teacher, which the caller owns.</summary>
    /// <returns>The teacher.</returns>
    /// <exception cref="InputException">Its shape is not the model's, or it has no positions for the longest row.</exception>
    public ReasoningModel LoadTeacher()
    {
        Log.Phase("loading the teacher");
        var longest = TeacherRows.Max(row => row.ExplicitLength);
        var (found, student) = (ModelLoader.Shape(Teacher!), Model.Config);
        if ((found.Layers, found.HiddenSize) == (student.Layers, student.HiddenSize) && longest <= found.LongestSequence)
        {
            return ModelLoader.Load(Teacher!, new LoadSettings(Precision, Device)).Model;
        }

        throw new InputException(longest > found.LongestSequence
            ? $"--data: the longest example makes {longest} tokens for --teacher {Teacher}, which {found.LongestReason}; leave such rows "
                + $"out with --max-tokens {found.LongestSequence}"
            : $"--teacher {Teacher}: has {found.Layers} levels of {found.HiddenSize} components, the student has {student.Layers} of "
                + $"{student.HiddenSize}; teacher and student must have the same base model");
    }
}
