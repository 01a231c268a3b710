using System.Globalization;
using LoRi.Files;
using LoRi.Files.Safetensors;
using LoRi.Models.Decoders;
using LoRi.Models.Weights;
using static TorchSharp.torch;

namespace LoRi.Training;

/// <summary>
/// The state of a training in one safetensors file: weights, optimizer moments, and the state of libtorch's random generator.
/// Learning rate and rows of a step follow from its number and the settings, all other random numbers from the seed.
/// </summary>
public static class TrainerState
{
    /// <summary>The file's name within the folder of a checkpoint.</summary>
    public const string FileName = "state.safetensors";

    private const string StepKey = "step";
    private const string UpdatesKey = "updates";
    private const string Generator = "random_generator";
    private const string Values = "values";
    private const string FirstMoment = "first_moment";
    private const string SecondMoment = "second_moment";

    /// <summary>
    /// Writes <c>state.safetensors</c> into a folder, with further notes in its metadata. Where ranks share the optimizer, the others
    /// call <see cref="Contribute"/> meanwhile.
    /// </summary>
    /// <param name="folder">An existing folder.</param>
    /// <param name="model">The model that is trained.</param>
    /// <param name="trainer">Its trainer.</param>
    /// <param name="notes">Further metadata; the format's own keys take precedence.</param>
    public static void Write(string folder, ReasoningModel model, Trainer trainer, IReadOnlyDictionary<string, string> notes)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        using var guard = no_grad();
        using var generator = get_rng_state();
        SafetensorsWriter.Write(
            Path.Combine(folder, FileName),
            [
                TensorContent.FromTensor(Values, model.Parameters.Values),
                .. Moments(trainer.Optimizer).Select(pair => TensorContent.FromDeferred(
                    pair.Name, pair.Moment.dtype, model.Parameters.Values.shape, () => trainer.Optimizer.Whole(pair.Moment).detach())),
                TensorContent.FromTensor(Generator, generator),
            ],
            new Dictionary<string, string>(notes)
            {
                ["format"] = "lori-checkpoint",
                [StepKey] = trainer.CompletedSteps.ToString(CultureInfo.InvariantCulture),
                [UpdatesKey] = trainer.Optimizer.Updates.ToString(CultureInfo.InvariantCulture),
            });
    }

    /// <summary>Gives the rank that writes a checkpoint this rank's share of the moments.</summary>
    /// <param name="trainer">This rank's trainer.</param>
    public static void Contribute(Trainer trainer)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        using var guard = no_grad();
        foreach (var (_, moment) in Moments(trainer.Optimizer))
        {
            trainer.Optimizer.Whole(moment);
        }
    }

    /// <summary>Restores weights, moments, the generator and the trainer's clock.</summary>
    /// <param name="folder">The folder of a checkpoint.</param>
    /// <param name="model">A model of the same shape, which is overwritten.</param>
    /// <param name="trainer">Its trainer, which is overwritten.</param>
    /// <exception cref="InputException">The checkpoint is damaged or of another model.</exception>
    public static void Restore(string folder, ReasoningModel model, Trainer trainer)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        using var file = SafetensorsFile.Open(Path.Combine(folder, FileName));
        if (Number(file, StepKey) is not { } step)
        {
            throw new InputException(
                $"{file.Path}: is not the state of a training (no step in its metadata); delete its folder to go back to the one before");
        }

        using var guard = no_grad();
        Check(file, model);
        file.CopyInto(Values, model.Parameters.Values);
        foreach (var (name, moment) in Moments(trainer.Optimizer))
        {
            trainer.Optimizer.Fill(moment, whole => file.CopyInto(name, whole));
        }

        using var generator = file.ReadTensor(Generator);
        set_rng_state(generator);
        trainer.CompletedSteps = step;
        trainer.Optimizer.Updates = Number(file, UpdatesKey) ?? step;
    }

    private static int? Number(SafetensorsFile file, string key) =>
        file.Metadata.TryGetValue(key, out var text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    private static void Check(SafetensorsFile file, ReasoningModel model)
    {
        foreach (var name in new[] { Values, FirstMoment, SecondMoment })
        {
            if (!file.Get(name).Shape.SequenceEqual(model.Parameters.Values.shape))
            {
                throw new InputException(
                    $"{file.Path}: {name} has {file.Get(name).Count} values, this model {model.Parameters.Values.numel()}; resume with the "
                    + "settings it was made with");
            }
        }
    }

    private static IEnumerable<(string Name, Tensor Moment)> Moments(AdamW optimizer) =>
        [(FirstMoment, optimizer.FirstMoment), (SecondMoment, optimizer.SecondMoment)];
}
