/// Trajectories as families of slices, as the proofs have them, on the code's own moments and terms.
module LoRi.Math.Tests.Proofs.Trajectories

open FsCheck
open FsCheck.FSharp
open LoRi.Math
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Generators
open LoRi.Math.Tests.Proofs.Tensors

/// Row-major r_L x r_d numbers per token.
type Slices = float[][]

/// A teacher's and a student's trajectory of one example.
type TrajectoryCase =
    {
        Layers: int
        Width: int
        Tokens: int
        Steps: int
        Seed: int
    }

    /// Sizes of a slice.
    member this.Sizes = this.Layers, this.Width

    /// Slices of normal numbers around one, of the case's seed and `other`.
    member this.Slices other count : Slices =
        normals (this.Seed + other) (count * this.Layers * this.Width)
        |> Array.map (fun x -> 1.0 + x)
        |> Array.chunkBySize (this.Layers * this.Width)

    member this.Teacher = this.Slices 0 this.Tokens
    member this.Student = this.Slices 1 this.Steps

type TrajectoryCases =
    static member Trajectory() =
        gen {
            let! layers = Gen.choose (1, 3)
            let! width = Gen.choose (1, 4)
            let! tokens = Gen.choose (1, 6)
            let! steps = Gen.choose (1, 5)
            let! seed = Gen.choose (0, 1_000_000)

            return
                {
                    Layers = layers
                    Width = width
                    Tokens = tokens
                    Steps = steps
                    Seed = seed
                }
        }
        |> Arb.fromGen

/// Layers by tokens by components.
let private stacked (layers, width) (slices: Slices) =
    [|
        for layer in 0 .. layers - 1 do
            for slice in slices do
                yield! slice[layer * width .. (layer + 1) * width - 1]
    |]

/// The other way round.
let slicesOf (layers, width) (numbers: float[]) : Slices =
    let tokens = numbers.Length / (layers * width)

    Array.init tokens (fun token ->
        Array.init (layers * width) (fun i -> numbers[((i / width) * tokens + token) * width + i % width]))

/// Mean and deviations of slices under equal weights.
let centred<'token> (backend: Backend) (layers, width) (slices: Slices) : Centred<'token> =
    let tokens: Dim<'token> = dim slices.Length

    let numbers =
        backend.Tensor [ 1; layers; slices.Length; width ] (stacked (layers, width) slices)

    Coordinates.create (dim layers) tokens (dim width) numbers
    |> LoRi.Math.Tests.Asserting.ok
    |> Moments.centre (TokenWeights.uniform tokens 1 backend.Like)

/// U' Z_t V for every slice, by mode products.
let projected (backend: Backend) (layers, width) (u: Matrix<A, J>) (v: Matrix<C, J>) (slices: Slices) : Slices =
    ofValues backend (layers, slices.Length, width) (stacked (layers, width) slices)
    |> Tensor3.modeProduct1 (Matrix.transpose u)
    |> Tensor3.modeProduct3 (Matrix.transpose v)
    |> values
    |> slicesOf ((Matrix.columns u).Size, (Matrix.columns v).Size)

/// Entries of the statistics, one after another.
let numbersOf (statistics: StatisticValue list) =
    statistics |> List.map _.Entries.ToArray() |> Array.concat

/// The forms of covariance that compare anything.
let covarianceForms =
    [
        Covariance.Modewise
        Covariance.Full
        Covariance.PerLayer
        Covariance.Diagonal
    ]

/// A covariance and an order form without weighting.
let compared covariance order : RationaleOptions =
    {
        Covariance = covariance
        Order = order
        Weighting = Weighting.Off
    }

/// Every pair of forms.
let pairsOfForms orders =
    List.allPairs covarianceForms orders
    |> List.map (fun (covariance, order) -> compared covariance order)

let everyOrder = [ Order.Off; Order.Lag1; Order.Third ]

/// weighting = none
let undivided (_: Statistic) : RawTensor option = None

/// Positive numbers of a seed for every entry of a statistic.
let dividedBy (backend: Backend) seed (layers, width) (statistic: Statistic) : RawTensor option =
    let shape = Statistic.shape layers width statistic
    let place = List.findIndex ((=) statistic) Moments.all
    let numbers = normals (seed + place) (Array.fold (*) 1 shape)
    Some(backend.Like.Constant(shape, numbers |> Array.map (fun x -> 0.1 + abs x)))

/// Mean, covariance and order term of one example.
let termsOf (backend: Backend) sizes options divisor (teacher: Slices) (student: Slices) : float[] =
    MomentMatching.terms options divisor (centred backend sizes teacher) (centred backend sizes student)
    |> LoRi.Math.Tests.Fitting.numbers

let dot (x: float[]) (y: float[]) = Array.sum (Array.map2 (*) x y)
