/// Tensors, orthonormal bases and eigenbases for the properties that are paired with proofs: what a theorem takes as a
/// hypothesis is checked where it is made.
module LoRi.Math.Tests.Proofs.Tensors

open Expecto
open LoRi.Math
open LoRi.Math.Tests
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Generators

type A = interface end

type B = interface end

type C = interface end

type J = interface end

let dim<'axis> size : Dim<'axis> = ok (Dim.create size)

/// A tensor from row-major values.
let ofValues (backend: Backend) (a, b, c) numbers : Tensor3<A, B, C> =
    ok (Tensor3.ofRaw (dim a) (dim b) (dim c) (backend.Tensor [ a; b; c ] numbers))

/// The tensor of a case.
let tensor (backend: Backend) (case: TensorCase) : Tensor3<A, B, C> = ofValues backend case.Sizes case.Values

let ofEntries<'row, 'column> (raw: RawTensor) : Matrix<'row, 'column> =
    ok (Matrix.ofRaw (dim raw.Shape[0]) (dim raw.Shape[1]) raw)

/// Normal numbers of a seed.
let matrix<'row, 'column> (backend: Backend) seed rows columns : Matrix<'row, 'column> =
    ofEntries (backend.Tensor [ rows; columns ] (normals seed (rows * columns)))

let values (x: Tensor3<'a, 'b, 'c>) = (Tensor3.raw x).ToArray()
let entries (x: Matrix<'r, 'c>) = (Matrix.raw x).ToArray()

/// Squared Frobenius norm.
let energy (x: Tensor3<'a, 'b, 'c>) =
    (Tensor3.squaredNorm x).PerExample.ToArray()[0]

/// x - y
let minus (x: Tensor3<'a, 'b, 'c>) (y: Tensor3<'a, 'b, 'c>) : Tensor3<'a, 'b, 'c> =
    let difference = (Tensor3.raw x).Subtract(Tensor3.raw y)
    ok (Tensor3.ofRaw (Tensor3.dim1 x) (Tensor3.dim2 x) (Tensor3.dim3 x) difference)

/// A matrix times its transpose.
let gram (x: Matrix<'r, 'c>) : Matrix<'r, 'r> = Matrix.product x (Matrix.transpose x)

let trace (x: Matrix<'r, 'r>) =
    let size, numbers = (Matrix.rows x).Size, entries x
    Seq.sum (seq { for i in 0 .. size - 1 -> numbers[i * size + i] })

/// Half of a mode, rounded up.
let half size = (size + 1) / 2

let halves (a, b, c) =
    {
        R1 = half a
        R2 = half b
        R3 = half c
    }

/// At most, up to rounding of numbers of this size.
let atMost scale bound found what =
    if not (found <= bound + Tolerances.spectral * scale) then
        failtest $"{what}: found {found}, at most {bound}"

/// The hypothesis u'u = 1.
let orthonormal (u: Matrix<'axis, Truncated<'axis>>) =
    atMost 1.0 0.0 (Subspace.orthonormalityDefect u) "defect of orthonormality"
    u

/// Orthonormal columns of a seed, which no data chose.
let basis<'axis> (backend: Backend) seed size count : Matrix<'axis, Truncated<'axis>> =
    Svd.thin backend.Spectral (matrix<'axis, 'axis> backend seed size size)
    |> ok
    |> Svd.leadingLeft count
    |> orthonormal

/// Bases of half of every mode, which no data chose.
let bases (backend: Backend) (case: TensorCase) =
    let a, b, c = case.Sizes

    basis<A> backend (case.Seed + 11) a (half a),
    basis<B> backend (case.Seed + 12) b (half b),
    basis<C> backend (case.Seed + 13) c (half c)

/// Projections along a mode: x x_n (u u').
let project1 u (x: Tensor3<'a, 'b, 'c>) =
    Tensor3.modeProduct1 (Subspace.projector u) x

let project2 u (x: Tensor3<'a, 'b, 'c>) =
    Tensor3.modeProduct2 (Subspace.projector u) x

let project3 u (x: Tensor3<'a, 'b, 'c>) =
    Tensor3.modeProduct3 (Subspace.projector u) x

/// The hypothesis that descending `squares` and the columns of `u` are eigenvalues and orthonormal eigenvectors of `g`.
let eigenvectors (g: Matrix<'axis, 'axis>) (squares: float[]) (u: Matrix<'axis, Truncated<'axis>>) =
    orthonormal u |> ignore
    Expect.isTrue (squares |> Array.pairwise |> Array.forall (fun (a, b) -> a >= b)) "eigenvalues descend"
    let raw = Matrix.raw u
    let scaled = raw.Multiply(raw.Constant([| 1; squares.Length |], squares))
    closeOn (largest squares) Tolerances.spectral (scaled.ToArray()) (entries (Matrix.product g u)) "g u = u diag(l)"

/// The leading left singular vectors of an unfolding and what the others hold, the hypothesis checked.
let leading (backend: Backend) rank (unfolded: Matrix<'axis, 'columns>) =
    let svd = ok (Svd.thin backend.Spectral unfolded)
    let squares = svd.Singular |> Array.map (fun s -> s * s)
    eigenvectors (gram unfolded) squares svd.Left
    Svd.leadingLeft rank svd, squares |> Array.skip (min rank squares.Length) |> Array.sum
