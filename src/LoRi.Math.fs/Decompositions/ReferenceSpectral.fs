namespace LoRi.Math

/// Cyclic Jacobi rotations (Golub and Van Loan, 8.5): slow, short, and accurate to the last digits.
[<Sealed>]
type ReferenceSpectral() =

    /// Stops for anything but one matrix.
    static let sizes (matrix: RawTensor) =
        match matrix.Shape with
        | [| rows; columns |] -> rows, columns
        | shape -> MathError.invariant $"a spectral operation on a tensor of shape %A{shape}, which is no matrix"

    static let rotate (a: float[]) (v: float[]) n p q =
        let apq = a[p * n + q]

        if apq <> 0.0 then
            let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * apq)

            let t =
                (if theta >= 0.0 then 1.0 else -1.0) / (abs theta + sqrt (theta * theta + 1.0))

            let c = 1.0 / sqrt (t * t + 1.0)
            let s = t * c

            let turn (m: float[]) i j =
                let x, y = m[i], m[j]
                m[i] <- c * x - s * y
                m[j] <- s * x + c * y

            for k in 0 .. n - 1 do
                turn a (k * n + p) (k * n + q)

            for k in 0 .. n - 1 do
                turn a (p * n + k) (q * n + k)
                turn v (k * n + p) (k * n + q)

    static let offDiagonal (a: float[]) n =
        let mutable sum = 0.0

        for i in 0 .. n - 1 do
            for j in 0 .. n - 1 do
                if i <> j then
                    sum <- sum + a[i * n + j] * a[i * n + j]

        sum

    /// One-sided Jacobi (Hestenes 1958): columns of `a` (m x n, m >= n) are rotated in pairs until all are orthogonal; their
    /// lengths are the singular values, to full relative accuracy. `v` collects the rotations.
    static let orthogonaliseColumns (a: float[]) (v: float[]) m n =
        let column (x: float[]) rows j = Array.init rows (fun i -> x[i * n + j])


        let rotateColumns (x: float[]) rows p q c s =
            for i in 0 .. rows - 1 do
                let left, right = x[i * n + p], x[i * n + q]
                x[i * n + p] <- c * left - s * right
                x[i * n + q] <- s * left + c * right

        let mutable rotated = true
        let mutable sweeps = 0

        while rotated && sweeps < 60 do
            rotated <- false
            sweeps <- sweeps + 1

            for p in 0 .. n - 2 do
                for q in p + 1 .. n - 1 do
                    let x, y = column a m p, column a m q
                    let alpha, beta, gamma = Flat.dot x x, Flat.dot y y, Flat.dot x y

                    if gamma <> 0.0 && abs gamma > 1e-15 * sqrt (alpha * beta) then
                        rotated <- true
                        let zeta = (beta - alpha) / (2.0 * gamma)
                        let t = (if zeta >= 0.0 then 1.0 else -1.0) / (abs zeta + sqrt (1.0 + zeta * zeta))
                        let c = 1.0 / sqrt (1.0 + t * t)
                        rotateColumns a m p q c (c * t)
                        rotateColumns v n p q c (c * t)

    /// Unit columns in place of those that vanished, orthogonal to all others (Gram-Schmidt over coordinate vectors).
    static let complete (columns: float[][]) m =

        for j in 0 .. columns.Length - 1 do
            if Flat.dot columns[j] columns[j] = 0.0 then
                let orthogonal v =
                    columns
                    |> Array.fold (fun v u -> let c = Flat.dot v u in Array.map2 (fun a b -> a - c * b) v u) v

                columns[j] <-
                    Seq.init m (fun i -> Array.init m (fun k -> if k = i then 1.0 else 0.0))
                    |> Seq.map (orthogonal >> orthogonal)
                    |> Seq.maxBy (fun v -> Flat.dot v v)
                    |> fun v -> let norm = sqrt (Flat.dot v v) in Array.map (fun x -> x / norm) v

    /// Left vectors, singular values and right vectors (as columns) of `a`, m x n with m >= n.
    static let tallSvd (a: float[]) m n =
        let work = Array.copy a
        let v = Flat.identity n
        orthogonaliseColumns work v m n

        let lengths =
            Array.init n (fun j -> sqrt (Seq.sum (seq { for i in 0 .. m - 1 -> work[i * n + j] * work[i * n + j] })))

        let order = Array.init n id |> Array.sortBy (fun j -> -lengths[j])
        // A length below rounding of the largest is zero: its direction would be noise.
        let floor = 1e-300 + Array.max lengths * 1e-17

        let left =
            order
            |> Array.map (fun j ->
                Array.init m (fun i ->
                    if lengths[j] > floor then
                        work[i * n + j] / lengths[j]
                    else
                        0.0))

        complete left m
        left, Array.map (fun j -> lengths[j]) order, order |> Array.map (fun j -> Array.init n (fun i -> v[i * n + j]))

    interface ISpectral with
        member _.ThinSvd matrix =
            let m, n = sizes matrix
            let values = matrix.ToArray()

            let asColumns (columns: float[][]) rows =
                matrix.Constant(
                    [| rows; columns.Length |],
                    Array.init (rows * columns.Length) (fun i -> columns[i % columns.Length][i / columns.Length])
                )

            if m >= n then
                let left, singular, right = tallSvd values m n
                struct (asColumns left m, singular, (asColumns right n).SwapAxes(-1, -2))
            else
                let transposed = Array.init (m * n) (fun i -> values[(i % m) * n + i / m])
                let left, singular, right = tallSvd transposed n m
                struct (asColumns right m, singular, (asColumns left n).SwapAxes(-1, -2))

        member _.SymmetricEigen matrix =
            let n, _ = sizes matrix
            let a = matrix.ToArray()
            let v = Flat.identity n
            let scale = Array.sumBy (fun x -> x * x) a
            let mutable sweeps = 0

            while sweeps < 100 && offDiagonal a n > 1e-32 * scale do
                for p in 0 .. n - 2 do
                    for q in p + 1 .. n - 1 do
                        rotate a v n p q

                sweeps <- sweeps + 1

            let order = Array.init n id |> Array.sortBy (fun i -> -a[i * n + i])
            let values = order |> Array.map (fun i -> a[i * n + i])

            let vectors =
                Array.init (n * n) (fun index -> v[(index / n) * n + order[index % n]])

            struct (values, matrix.Constant([| n; n |], vectors))
