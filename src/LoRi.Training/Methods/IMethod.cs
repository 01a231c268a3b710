using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Settings;
using LoRi.Models.Decoders;
using LoRi.Models.Reasoning;

namespace LoRi.Training.Methods;

/// <summary>
/// A way to train a model, as a value: what it is, the settings of its own, and the plan that follows from their values. It has one
/// folder; the list of methods is all that names it outside.
/// </summary>
public interface IMethod
{
    /// <summary>What it is.</summary>
    MethodFacts About { get; }

    /// <summary>The method with its options, whose settings have been checked.</summary>
    /// <param name="values">Values of the method's settings.</param>
    MethodPlan Plan(SettingValues values);

    /// <summary>Ways of reasoning of its own, by the kind that a card's <c>latents</c> name.</summary>
    IReadOnlyDictionary<string, Func<JsonObject, IReasoning>> Kinds => new Dictionary<string, Func<JsonObject, IReasoning>>();

    /// <summary>The setting by which a term is scaled over a batch, so that a step must not be cut into micro-batches; null where none
    /// is.</summary>
    /// <param name="values">Values of the method's settings.</param>
    Setting? UndividedBy(SettingValues values) => null;

    /// <summary>
    /// What one of its settings contradicts by the values of its others, so that it has no effect; null where it does not.
    /// </summary>
    /// <param name="setting">The setting that was given.</param>
    /// <param name="values">Values of all settings.</param>
    Contradiction? Excludes(Setting setting, SettingValues values) => null;

    /// <summary>
    /// Its options with those that follow from the weights that the student starts from; looks at what these must be, before weights
    /// are read.
    /// </summary>
    /// <param name="values">Its options.</param>
    /// <param name="start">The weights, as they were named.</param>
    /// <exception cref="InputException">They do not fit.</exception>
    SettingValues StartingFrom(SettingValues values, string start) => values;

    /// <summary>Checks its options against the shape of the frozen teacher, before weights are read.</summary>
    /// <param name="values">Its options.</param>
    /// <param name="teacher">The teacher, as it was named.</param>
    /// <param name="shape">The shape of the teacher.</param>
    /// <exception cref="InputException">They do not fit.</exception>
    void CheckTeacher(SettingValues values, string teacher, DecoderConfig shape)
    {
    }
}
