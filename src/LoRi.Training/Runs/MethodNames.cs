namespace LoRi.Training.Runs;

/// <summary>The names that <c>--method</c> knows.</summary>
public static class MethodNames
{
    /// <summary>Low-rank distillation for implicit reasoning.</summary>
    public const string LoRi = "lori";

    /// <summary>iCoT-KD, the other method with a frozen teacher.</summary>
    public const string IcotKd = "icot-kd";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
        [LoRi, "no-cot", "latent-ce", "codi", "coconut", "pccot", "sim-cot", "kava", IcotKd, "icot-si"];

    /// <summary>Whether the method learns from a teacher whose weights stay.</summary>
    public static bool HasFrozenTeacher(string method) => method is LoRi or IcotKd;

    /// <summary>Whether the method's student takes latent steps; the others write, or answer at once.</summary>
    public static bool HasLatents(string method) => method is not ("no-cot" or IcotKd or "icot-si");

    /// <summary>Whether the method scales a term by the deviation over a batch, so that a step must not be cut.</summary>
    public static bool ScalesByBatch(string method) => method == "codi";

    /// <summary>Refuses a name that is not among them.</summary>
    public static void Check(string method)
    {
        if (!All.Contains(method))
        {
            throw new InputException($"--method {method}: must be one of {string.Join(", ", All)}");
        }
    }
}
