namespace LoRi.Math

/// [ours] What squared errors or components are divided by.
[<RequireQualifiedAccess>]
type Weighting =
    /// By nothing.
    | Off
    /// Components over the root of (their variance over the corpus's tokens + 2 % of the mean variance), before any moment.
    | Variance
    /// Squared errors over (the entry's variance across the corpus's examples + 2 % of the mean variance of that statistic).
    | Statistic

/// What variances become divisors by.
module Weighting =

    let private floorShare = 0.02

    /// <summary>Variances plus 2 % of their mean: what squared errors are divided by. Entries of a statistic that never varies are
    /// divided by one: they cannot differ in units of a variation that is not there.</summary>
    /// <param name="variances">Of one statistic's entries or of the components, at least one, none below zero.</param>
    let divisors (variances: float[]) =
        let floor = floorShare * Array.average variances

        variances
        |> Array.map (fun variance -> if variance + floor > 0.0 then variance + floor else 1.0)
