namespace LoRi.Math

/// Random numbers of a seed and a purpose (SplitMix64, Steele, Lea, Flood 2014): no two seeds start one purpose's stream at the same
/// place. The core's own, so that
/// what is drawn depends on no library's generator.
[<Sealed>]
type internal SeededNumbers(seed: int64, purpose: int) =
    let step = 0x9E3779B97F4A7C15UL

    /// A bijection of 64 bits.
    let mix (bits: uint64) =
        let first = (bits ^^^ (bits >>> 30)) * 0xBF58476D1CE4E5B9UL
        let second = (first ^^^ (first >>> 27)) * 0x94D049BB133111EBUL
        second ^^^ (second >>> 31)

    let mutable state = mix (mix (uint64 seed + step) + uint64 purpose * step)

    /// Uniform in [0, 1).
    let uniform () =
        state <- state + step
        float (mix state >>> 11) * 2.0 ** -53.0

    /// Standard normal (Box-Muller).
    member _.Next() =
        sqrt (-2.0 * log (1.0 - uniform ())) * cos (2.0 * System.Math.PI * uniform ())

    /// Uniform in 0 .. bound - 1.
    member _.Below(bound: int) = int (uniform () * float bound)

/// Permutations of 0 .. count - 1 that a seed draws.
module Permutation =

    /// Every permutation is as likely as any other (Fisher and Yates); `purpose` keeps the streams of one seed apart.
    let internal ofSeed (seed: int64) (purpose: int) (count: int) : int[] =
        let numbers, order = SeededNumbers(seed, purpose), Array.init count id

        for last in count - 1 .. -1 .. 1 do
            let other = numbers.Below(last + 1)
            let moved = order[last]
            order[last] <- order[other]
            order[other] <- moved

        order

    /// <summary>A permutation that leaves nothing in its place: where p is drawn, p(i) goes to p(i + 1), the last to the first. Errors:
    /// TooFewToShuffle.</summary>
    /// <param name="seed">Decides which one: the same seed gives the same.</param>
    /// <param name="count">How many things change places, at least 2.</param>
    /// <returns>p(0), p(1), .. p(count - 1).</returns>
    let derangement (seed: int64) (count: int) : Result<int[], MathError> =
        if count < 2 then
            Error(TooFewToShuffle count)
        else
            let order = ofSeed seed 3 count
            let moved = Array.zeroCreate count

            for place in 0 .. count - 1 do
                moved[order[place]] <- order[(place + 1) % count]

            Ok moved
