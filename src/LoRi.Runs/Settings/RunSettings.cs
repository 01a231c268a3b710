using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Settings;
using LoRi.Files.Text;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;
using LoRi.Training;
using LoRi.Training.Methods;

namespace LoRi.Runs.Settings;

/// <summary>Everything that decides what a training run does: what its <c>config.json</c> says.</summary>
/// <param name="Declared">The settings of <c>teach</c> or <c>distill</c>.</param>
/// <param name="Values">Their values.</param>
public sealed record RunSettings(CommandSettings Declared, SettingValues Values)
{
    /// <summary>The version of this program, which the settings of a run name.</summary>
    public static string Version { get; } = typeof(RunSettings).Assembly.GetName().Version!.ToString(3);

    /// <summary><c>teach</c> or <c>distill</c>.</summary>
    public string Command => Declared.Name;

    /// <summary>What all training commands share.</summary>
    public TrainOptions Train => new(Values);

    /// <summary>The student; without meaning for <c>teach</c> but for how rows become ids.</summary>
    public LatentOptions Latent => new(Values);

    /// <summary>How the model is trained: what <c>--method</c> names, where the command has it.</summary>
    public IMethod Method => Declared.Find(StudentSettings.Method.Key) is null
        ? KnownMethods.Teacher
        : KnownMethods.Find(Latent.Method) ?? throw new InvalidOperationException($"invariant: the method {Latent.Method} was not checked");

    /// <summary>The weights that the model starts from.</summary>
    public string Start => Train.Teacher is { } teacher && Latent.Init == InitOption.Teacher ? teacher : Train.Model!;

    /// <summary>The settings that a run was made with, whatever version of this program wrote them; what is unknown is left out.</summary>
    /// <param name="written">What <c>config.json</c> holds.</param>
    /// <param name="source">Where it stands, for messages.</param>
    /// <exception cref="InputException">A value has the wrong form.</exception>
    public static RunSettings OfRun(JsonObject written, SettingSource source)
    {
        ArgumentNullException.ThrowIfNull(written);
        var declared = written[CommandSettings.CommandKey]?.ToString() == Commands.Teach.Name ? Commands.Teach : Commands.Distill;
        return new(declared, declared.ReadKnown(written, source));
    }

    /// <summary>The same settings with another value of one.</summary>
    /// <param name="setting">The setting to change.</param>
    /// <param name="value">Its new value.</param>
    public RunSettings With<T>(Setting<T> setting, T value) => this with { Values = Values.With(setting, value) };

    /// <summary>Checks everything that can be checked without reading a file.</summary>
    /// <exception cref="SettingException">A value is missing or out of range, or two contradict each other.</exception>
    public void Validate() => Declared.Check(Values);

    /// <summary>
    /// The same settings with the answer prefix that the teacher was trained with, where none is given: its anchor is the last
    /// token of that prefix.
    /// </summary>
    /// <exception cref="InputException">Another prefix is given than a frozen teacher has.</exception>
    public RunSettings WithAnswerPrefix()
    {
        var teacher = Train.Teacher is { } path ? ModelLoader.Card(path)?.OwnAnswerPrefix : null;
        if (teacher is not null && Latent.AnswerPrefix is { } given && given != teacher && Method.About.HasFrozenTeacher)
        {
            throw new InputException(
                $"--answer-prefix {MessageText.Quote(given)} and --teacher {Train.Teacher} contradict each other: this teacher was "
                    + $"trained with {MessageText.Quote(teacher)}; leave --answer-prefix out");
        }

        return With(RowSettings.AnswerPrefix, Latent.AnswerPrefix ?? teacher ?? LatentOptions.DefaultAnswerPrefix);
    }

    /// <summary>The card of the model whose form matters: a frozen teacher where there is one, else the start.</summary>
    private (string Named, ReasoningCard? Card) Chains => Method.About.HasFrozenTeacher
        ? ($"--teacher {Train.Teacher}", ModelLoader.Card(Train.Teacher!))
        : ($"{(Train.Teacher is null ? "--model" : "--teacher")} {Start}", ModelLoader.Card(Start));

    /// <summary>Refuses a teacher that was trained in another form than the method reads its rows in, where that form is needed.</summary>
    /// <param name="method">The method of the run.</param>
    /// <exception cref="InputException">It was.</exception>
    public void CheckForm(MethodPlan method)
    {
        ArgumentNullException.ThrowIfNull(method);
        if (method.StartsFromForm && Chains is var (named, card) && card is not null && card.Form != method.Form)
        {
            throw new InputException(
                $"{named}: writes its rows in the form {card.Form.Name}, but --method {method.About.Name} needs one that writes them in "
                + $"the form {method.Form.Name}; train it with `lori teach --form {method.Form.Name}`");
        }

        if (method.About.HoldsTeacher && Chains is var (teacher, own) && own is not null && own.Reasoning.Mode != AnswerMode.Explicit)
        {
            throw new InputException(
                $"{teacher}: was trained by the method {own.Method} and writes no chain, but --method {method.About.Name} learns from the "
                + $"states of one that does; train it with `lori teach --form {method.Form.Name}`");
        }
    }

    /// <summary>What is to be said of the form that a teacher was trained in; null where there is nothing.</summary>
    /// <param name="method">The method of the run.</param>
    public string? FormNote(MethodPlan method)
    {
        ArgumentNullException.ThrowIfNull(method);
        var (named, card) = Chains;
        return card is not null && card.Form != method.Form
            ? $"{named}: was trained in the form {card.Form.Name}, and goes on in the form {method.Form.Name}"
            : card is null && method.About.HasFrozenTeacher && method.Form != SequenceForm.Plain
            ? $"{named}: has no lori.json that tells its form; --method {method.About.Name} reads its rows in the form {method.Form.Name}"
            : null;
    }

    /// <summary>The shape of the frozen teacher, from its configuration; null where there is no such teacher.</summary>
    /// <exception cref="InputException">Its files are missing, malformed or of an unsupported kind.</exception>
    public DecoderConfig? TeacherShape() =>
        Train.Teacher is { } teacher && Method.About.HasFrozenTeacher ? ModelLoader.Shape(teacher) : null;

    /// <summary>
    /// The content of <c>config.json</c>: every setting that is in force, with the values of those that are left out and with full
    /// paths, and the program's version.
    /// </summary>
    public JsonObject ToJson()
    {
        var all = Declared.ToJson(Values);
        all.Insert(0, CommandSettings.CommandKey, Command);
        all.Insert(1, CommandSettings.VersionKey, Version);
        return all;
    }
}
