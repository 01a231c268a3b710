namespace LoRi.Math

/// Cyclic Jacobi rotations (Golub and Van Loan, 8.5): slow, short, and accurate to the last digits.
[<Sealed>]
type ReferenceSpectral() =

    static let rotate (a: float[]) (v: float[]) n p q =
        let apq = a[p * n + q]

        if apq <> 0.0 then
            let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * apq)
            let t = (if theta >= 0.0 then 1.0 else -1.0) / (abs theta + sqrt (theta * theta + 1.0))
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

    interface ISpectral with
        member _.SymmetricEigen matrix =
            let n = matrix.Shape[0]
            let a = matrix.ToArray()
            let v = Array.init (n * n) (fun index -> if index / n = index % n then 1.0 else 0.0)
            let scale = Array.sumBy (fun x -> x * x) a
            let mutable sweeps = 0

            while sweeps < 100 && offDiagonal a n > 1e-32 * scale do
                for p in 0 .. n - 2 do
                    for q in p + 1 .. n - 1 do
                        rotate a v n p q

                sweeps <- sweeps + 1

            let order = Array.init n id |> Array.sortBy (fun i -> -a[i * n + i])
            let values = order |> Array.map (fun i -> a[i * n + i])
            let vectors = Array.init (n * n) (fun index -> v[(index / n) * n + order[index % n]])
            struct (values, matrix.Constant([| n; n |], vectors))
