namespace LoRi.Math

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
        let random =
            System.Random(int (uint32 (seed ^^^ (seed >>> 32))) ^^^ (purpose * 7919))

        let normal _ =
            sqrt (-2.0 * log (1.0 - random.NextDouble()))
            * cos (2.0 * System.Math.PI * random.NextDouble())

        let next columns _ =
            let v = Array.init size normal |> without columns |> without columns
            let norm = sqrt (Flat.dot v v)
            columns @ [ Array.map (fun x -> x / norm) v ]

        let columns = List.fold next [] [ 1..count ] |> Array.ofList
        Array.init (size * count) (fun index -> columns[index % count][index / count])

    /// The first `count` columns of a square matrix.
    let leading size count (vectors: float[]) =
        Array.init (size * count) (fun index -> vectors[(index / count) * size + index % count])
