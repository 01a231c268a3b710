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

/// Orthonormal bases on the reference backend.
module internal Basis =

    /// Row-major values as a basis. Shape: size count.
    let ofValues size count (values: float[]) : Matrix<'axis, Truncated<'axis>> =
        Matrix(ReferenceTensor([| size; count |], values))

    /// v minus its components along the columns.
    let private without (columns: seq<float[]>) (v: float[]) =
        (v, columns)
        ||> Seq.fold (fun v column ->
            let along = Flat.dot v column
            Array.map2 (fun x y -> x - along * y) v column)

    /// Orthonormal columns from seeded normal numbers (Gram-Schmidt, twice for precision). Shape: size count.
    let random (seed: int64) (purpose: int) size count : Matrix<'axis, Truncated<'axis>> =
        let normals = SeededNormals(seed, purpose)
        let columns = System.Collections.Generic.List<float[]>()

        for _ in 1..count do
            let v =
                Array.init size (fun _ -> normals.Next()) |> without columns |> without columns

            let norm = sqrt (Flat.dot v v)
            columns.Add(Array.map (fun x -> x / norm) v)

        ofValues size count (Array.init (size * count) (fun index -> columns[index % count][index / count]))

    /// The first `count` columns of a square matrix of vectors, whatever backend it is of. Shape: size count.
    let leading count (vectors: Matrix<'axis, 'axis>) : Matrix<'axis, Truncated<'axis>> =
        let size, values = (Matrix.rows vectors).Size, (Matrix.raw vectors).ToArray()

        ofValues size count (Array.init (size * count) (fun index -> values[(index / count) * size + index % count]))

    /// The whole space. Shape: size size.
    let whole size : Matrix<'axis, Truncated<'axis>> = ofValues size size (Flat.identity size)
