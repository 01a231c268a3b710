namespace LoRi.Runs.LowRank;

/// <summary>How the trajectories' energy is spread under one standardisation.</summary>
/// <param name="Standardise">The standardisation.</param>
/// <param name="Mode">Layer or hidden.</param>
/// <param name="Size">Size of the mode.</param>
/// <param name="EntropyRank">Exponential of the spectrum's entropy.</param>
/// <param name="ParticipationRank">Squared sum over sum of squares.</param>
/// <param name="RankFor90">Smallest rank that keeps 90 % of the energy.</param>
/// <param name="RankFor95">Smallest rank that keeps 95 % of the energy.</param>
/// <param name="RankFor99">Smallest rank that keeps 99 % of the energy.</param>
public sealed record RankRow(
    string Standardise, string Mode, int Size, double EntropyRank, double ParticipationRank, int RankFor90, int RankFor95, int RankFor99);
