namespace LoRi.Models.Reasoning;

/// <summary>How a trained model answers a question.</summary>
public enum AnswerMode
{
    /// <summary>The answer prefix follows the question at once.</summary>
    Direct,

    /// <summary>The model writes its chain of thought, the prefix and the answer.</summary>
    Explicit,

    /// <summary>Latent steps, then the prefix is fed and the model writes the answer.</summary>
    Latent,

    /// <summary>States are written into the model's pass over the question, then it writes the answer.</summary>
    Substituted,
}
