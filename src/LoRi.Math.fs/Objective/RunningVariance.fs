namespace LoRi.Math

/// Running mean and sum of squared deviations of many arrays of one shape (Welford 1962).
[<Sealed>]
type internal RunningVariance() =
    let mutable count = 0.0
    let mutable mean: float[] = [||]
    let mutable squares: float[] = [||]

    /// Adds `weights.Length` arrays that lie one after another; those with weight zero are passed over.
    member _.Add (weights: float[]) (values: float[]) =
        let size =
            if weights.Length = 0 then
                0
            else
                values.Length / weights.Length

        if mean.Length = 0 then
            mean <- Array.zeroCreate size
            squares <- Array.zeroCreate size

        for row in 0 .. weights.Length - 1 do
            if weights[row] > 0.0 then
                count <- count + 1.0

                for entry in 0 .. size - 1 do
                    let value = values[row * size + entry]
                    let before = value - mean[entry]
                    mean[entry] <- mean[entry] + before / count
                    squares[entry] <- squares[entry] + before * (value - mean[entry])

    /// Whether nothing was added yet.
    member _.IsEmpty = count = 0.0

    /// The means.
    member _.Means = mean

    /// Biased variances: divided by the count.
    member _.Variances = squares |> Array.map (fun sum -> sum / max 1.0 count)

    /// Unbiased deviations: divided by the count less one, then the root.
    member _.Deviations =
        squares |> Array.map (fun sum -> sqrt (sum / max 1.0 (count - 1.0)))
