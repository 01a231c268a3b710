namespace LoRi.Math

/// Statistics averaged over the rows of a corpus, as constants of a backend: what every row is pulled to where its own reasoning is to
/// play no part.
[<Sealed>]
type CorpusMoments internal (means: Map<string, RawTensor>) =

    /// The tensors that the means are kept in.
    member _.Tensors: RawTensor list = means |> Map.values |> List.ofSeq

    member internal _.Of(statistic: Statistic) : StatisticValue =
        match means.TryFind statistic.Name with
        | Some entries ->
            {
                Statistic = statistic
                Entries = entries
            }
        | None -> MathError.invariant $"no mean of {statistic.Name}"
