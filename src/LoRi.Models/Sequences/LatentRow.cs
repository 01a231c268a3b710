namespace LoRi.Models.Sequences;

/// <summary>A student's row: <c>question &lt;bot&gt; | latents | &lt;eot&gt; tail</c>. The model knows the ids of the markers.</summary>
/// <param name="Index">Row number in the data set it came from.</param>
/// <param name="Question">Question ids.</param>
/// <param name="Latents">Latent steps.</param>
/// <param name="Tail">What follows <c>&lt;eot&gt;</c>.</param>
/// <param name="GradedFrom">Index of the first graded id of the tail.</param>
/// <param name="Anchor">Index of the anchor in the tail; -1 where <c>&lt;eot&gt;</c> is the anchor.</param>
public sealed record LatentRow(int Index, int[] Question, int Latents, int[] Tail, int GradedFrom, int Anchor)
{
    private const int Markers = 2;

    /// <summary>Tokens, markers and latent steps.</summary>
    public int Length => Question.Length + Latents + Markers + Tail.Length;

    /// <summary>How many ids are graded.</summary>
    public int Graded => Tail.Length - GradedFrom;

    /// <summary><c>&lt;eot&gt; prefix answer EOS</c> after the latent steps.</summary>
    /// <param name="example">The problem as ids.</param>
    /// <param name="latents">Latent steps M.</param>
    /// <param name="grading">Which tokens are graded.</param>
    public static LatentRow Of(EncodedExample example, int latents, Grading grading) => new(
        example.Index,
        example.Question,
        latents,
        [.. example.Prefix, .. example.Answer],
        grading == Grading.Answer ? example.Prefix.Length : 0,
        example.Prefix.Length - 1);

    /// <summary>The part that is fed after the latent steps.</summary>
    /// <param name="eot">The id of the marker that ends the latent steps.</param>
    public GradedRow After(int eot) => new([eot, .. Tail], 1 + GradedFrom, 1 + Anchor);
}
