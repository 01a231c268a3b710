namespace LoRi.Math

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
        let normals = SeededNumbers(seed, purpose)
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
