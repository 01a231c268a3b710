using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LoRi.Runs.RunFolders;

/// <summary>
/// What a run knows beside the trainer's tensors, and a checkpoint therefore keeps: sums of the metrics, the best validation so
/// far, what the watch has seen, and what the run was started with.
/// </summary>
internal sealed record RunState
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectNullableAnnotations = true,
    };

    /// <summary>Tokens seen since the run began.</summary>
    public long Tokens { get; set; }

    /// <summary>Seconds of training since the run began, pauses left out.</summary>
    public double Seconds { get; set; }

    /// <summary>Lines of <c>metrics.jsonl</c>; null in checkpoints that do not keep that number.</summary>
    public int? Lines { get; set; }

    /// <summary>The lowest validation loss so far, in nats per graded token; null before the first validation.</summary>
    public double? BestValidation { get; set; }

    /// <summary>The step of the lowest validation loss; 0 before the first validation.</summary>
    public int BestStep { get; set; }

    /// <summary>Evaluations since the lowest validation loss.</summary>
    public int SinceBest { get; set; }

    /// <summary>Whether the stage has ended before its last step, because no evaluation was better for long.</summary>
    public bool EndedEarly { get; set; }

    /// <summary>The number of the learning stage, from 0.</summary>
    public int Stage { get; set; }

    /// <summary>Steps of the learning stages before this one.</summary>
    public int Offset { get; set; }

    /// <summary>The point of the stage's curriculum.</summary>
    public int Point { get; set; }

    /// <summary>What the watch has seen.</summary>
    public WatchState Watch { get; init; } = new();

    /// <summary>The SHA-256 of the encoded training and validation rows.</summary>
    public string Data { get; init; } = "";

    /// <summary>The SHA-256 of the weights that are not trained; empty where all are.</summary>
    public string Frozen { get; init; } = "";

    /// <summary>The resolved settings.</summary>
    public JsonObject Settings { get; init; } = [];

    /// <summary>The next learning stage begins, after <paramref name="steps"/> of the one before.</summary>
    public void BeginStage(int number, int steps)
    {
        (Stage, Offset, EndedEarly) = (number, Offset + steps, false);
        BeginPoint(0);
    }

    /// <summary>
    /// The training becomes another one: what the watch has seen and the best validation restart, since a loss may rise there on
    /// purpose.
    /// </summary>
    public void BeginPoint(int point)
    {
        (Point, BestValidation, BestStep, SinceBest) = (point, null, 0, 0);
        Watch.Clear();
    }

    /// <summary>One line of JSON.</summary>
    public string ToText() => JsonSerializer.Serialize(this, Format);

    /// <summary>Reads what <see cref="ToText"/> wrote; null where the text is something else.</summary>
    public static RunState? Parse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<RunState>(text, Format);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>What the watch over a run has seen.</summary>
internal sealed record WatchState
{
    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        First.Clear();
        Recent.Clear();
        Spreads.Clear();
    }

    /// <summary>The losses of the first steps, as many as a window has.</summary>
    public IList<double> First { get; init; } = [];

    /// <summary>The losses of the last steps, as many as a window has.</summary>
    public IList<double> Recent { get; init; } = [];

    /// <summary>The largest spread of the latents in each of the last measurements, as many as a window has.</summary>
    public IList<double> Spreads { get; init; } = [];
}
