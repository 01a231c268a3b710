namespace LoRi.Math

/// Random numbers of a seed and a purpose (SplitMix64, Steele, Lea, Flood 2014): no two seeds start one purpose's stream at the same
/// place. The core's own, so that bases depend on no library's generator.
[<Sealed>]
type internal SeededNormals(seed: int64, purpose: int) =
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

/// Orthonormal bases that no data chose.
module internal Basis =

    /// v minus its components along the columns.
    let private without (columns: float[] list) (v: float[]) =
        columns
        |> List.fold
            (fun v column ->
                let along = Flat.dot v column
                Array.map2 (fun x y -> x - along * y) v column)
            v

    /// Orthonormal columns from seeded normal numbers, size x count row-major (Gram-Schmidt, twice for precision).
    let random (seed: int64) (purpose: int) size count =
        let normals = SeededNormals(seed, purpose)

        let next columns _ =
            let v =
                Array.init size (fun _ -> normals.Next()) |> without columns |> without columns

            let norm = sqrt (Flat.dot v v)
            columns @ [ Array.map (fun x -> x / norm) v ]

        let columns = List.fold next [] [ 1..count ] |> Array.ofList
        Array.init (size * count) (fun index -> columns[index % count][index / count])

    /// The first `count` columns of a square matrix.
    let leading size count (vectors: float[]) =
        Array.init (size * count) (fun index -> vectors[(index / count) * size + index % count])
