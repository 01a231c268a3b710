using LoRi.Files.Data;
using LoRi.Models.Sequences;

namespace LoRi.Runs.Plans;

/// <summary>Encodes examples, leaves out what is too long, and remembers the longest.</summary>
internal sealed class RowReading(ExampleEncoder encoder, ExampleEncoder? teacher, int latentSteps, int? maxTokens)
{
    private ReasoningExample? longestExample;
    private bool longestIsHeldOut;

    /// <summary>Examples left out.</summary>
    public int TooLong { get; private set; }

    /// <summary>Tokens and latent steps of the longest row that was kept.</summary>
    public int Longest { get; private set; }

    /// <summary>
    /// The examples that are short enough, for the student and for a frozen teacher; for held-out ones the teacher is not asked.
    /// </summary>
    public (List<EncodedExample> Rows, List<EncodedExample> Teacher) Kept(IReadOnlyList<ReasoningExample> part, bool heldOut = false)
    {
        var (rows, asTeacher) = (new List<EncodedExample>(), new List<EncodedExample>());
        foreach (var example in part)
        {
            var own = encoder.Encode(example, rows.Count);
            var other = !heldOut && teacher?.Encode(example, rows.Count) is { } read && !read.IsSame(own) ? read : own;
            var length = own.Length(latentSteps);
            if (System.Math.Max(length, other.ExplicitLength) > maxTokens)
            {
                TooLong++;
                continue;
            }

            rows.Add(ReferenceEquals(other, own) ? own : own with { AsTeacher = other });
            asTeacher.Add(other);
            if (length > Longest)
            {
                (Longest, longestExample, longestIsHeldOut) = (length, example, heldOut);
            }
        }

        return (rows, asTeacher);
    }

    /// <summary>Where the longest row stands; empty where that is not known.</summary>
    public string LongestPlaceIn(ReasoningSet set)
    {
        var at = set.Examples.TakeWhile(example => !ReferenceEquals(example, longestExample)).Count();
        return at < set.Places.Count ? set.Places[at] + (longestIsHeldOut ? ", held out" : "") : "";
    }
}
