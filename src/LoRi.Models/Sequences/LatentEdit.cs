using static TorchSharp.torch;

namespace LoRi.Models.Sequences;

/// <summary>Replaces what latent steps are fed, so that one sees what an answer owes to it.</summary>
/// <param name="step">The step, counted from 0.</param>
/// <param name="inputs">Its inputs, [B, d].</param>
/// <returns>What is fed in their place, of the same shape and type.</returns>
public delegate Tensor LatentEdit(int step, Tensor inputs);
