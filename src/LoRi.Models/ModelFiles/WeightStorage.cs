namespace LoRi.Models.ModelFiles;

/// <summary>How the matrices of a model that is only asked lie in memory, where it computes in float32 on the CPU.</summary>
public enum WeightStorage
{
    /// <summary>In the type of all other weights.</summary>
    Widened,

    /// <summary>In the type of their file, where products read it (bfloat16, float16, Q8_0, Q4_0, Q4_1): nothing is rounded.</summary>
    AsStored,

    /// <summary>Rounded to bfloat16 where they take more.</summary>
    Brain,

    /// <summary>Rounded to signed bytes with a float16 scale for every 32 neighbours of a row, where they take more.</summary>
    EightBit,
}
