using LoRi.Files;
using LoRi.Models.Reasoning;
using LoRi.Training.Methods;
using LoRi.Training.Methods.Coconut;
using LoRi.Training.Methods.Codi;
using LoRi.Training.Methods.CotSft;
using LoRi.Training.Methods.IcotKd;
using LoRi.Training.Methods.IcotSi;
using LoRi.Training.Methods.Kava;
using LoRi.Training.Methods.LatentCrossEntropy;
using LoRi.Training.Methods.LoRi;
using LoRi.Training.Methods.NoCot;
using LoRi.Training.Methods.Pccot;
using LoRi.Training.Methods.SimCot;

namespace LoRi.Training;

/// <summary>The list of methods.</summary>
public static class KnownMethods
{
    /// <summary>The explicit chain of thought: what teaches, and what <c>teach</c> trains.</summary>
    public static IMethod Teacher { get; } = new CotSftMethod();

    private static readonly List<IMethod> all = [new LoRiMethod(), new NoCotMethod(), new LatentCrossEntropyMethod(), new CodiMethod(),
        new PccotMethod(), new KavaMethod(), new CoconutMethod(), new SimCotMethod(), new IcotSiMethod(), new IcotKdMethod(), Teacher];

    static KnownMethods() => all.ForEach(Register);

    /// <summary>All methods. Whoever reads a card of a method with a reasoning of its own asks for them first.</summary>
    public static IReadOnlyList<IMethod> All => all;

    /// <summary>Those that make a student.</summary>
    public static IReadOnlyList<IMethod> Students => [.. all.Where(method => method.About.IsStudent)];

    /// <summary>The method of a name; null where there is none.</summary>
    /// <param name="name">The name as the option <c>--method</c> has it.</param>
    public static IMethod? Find(string name) => all.Find(method => method.About.Name == name);

    /// <summary>Adds a method, before settings are read.</summary>
    /// <param name="method">The method.</param>
    /// <exception cref="InputException">There is one of its name.</exception>
    public static void Add(IMethod method)
    {
        ArgumentNullException.ThrowIfNull(method);
        if (Find(method.About.Name) is { } known)
        {
            throw new InputException($"there are two methods of the name {method.About.Name}: {known.GetType().FullName} and "
                + $"{method.GetType().FullName}; give one of them another name");
        }

        all.Add(method);
        Register(method);
    }

    private static void Register(IMethod method)
    {
        foreach (var (kind, read) in method.Kinds)
        {
            ReasoningKinds.Add(kind, read);
        }
    }
}
