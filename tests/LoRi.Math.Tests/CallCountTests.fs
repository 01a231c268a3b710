/// The number of calls to a backend, which is what small tensors on a GPU cost, must not depend on the batch.
module LoRi.Math.Tests.CallCountTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting
open LoRi.Math.Tests.Generators

/// The reference backend, with a count of its calls.
[<Sealed>]
type private CountingTensor(inner: RawTensor, count: int ref) =
    inherit RawTensor()
    static let inside (tensor: RawTensor) = (tensor :?> CountingTensor).Inner

    let counted (result: RawTensor) : RawTensor =
        count.Value <- count.Value + 1
        CountingTensor(result, count)

    member _.Inner = inner
    override _.Shape = inner.Shape
    override _.Add other = counted (inner.Add(inside other))
    override _.Subtract other = counted (inner.Subtract(inside other))
    override _.Multiply other = counted (inner.Multiply(inside other))
    override _.Divide other = counted (inner.Divide(inside other))
    override _.Scale factor = counted (inner.Scale factor)
    override _.Sqrt() = counted (inner.Sqrt())
    override _.PositivePart() = counted (inner.PositivePart())
    override _.SmoothL1() = counted (inner.SmoothL1())
    override _.MatMul other = counted (inner.MatMul(inside other))
    override _.SwapAxes(axis, other) = counted (inner.SwapAxes(axis, other))
    override _.Reshape shape = counted (inner.Reshape shape)
    override _.SumTrailing number = counted (inner.SumTrailing number)

    override _.Slice(axis, start, length) =
        counted (inner.Slice(axis, start, length))

    override _.Constant(shape, values) = counted (inner.Constant(shape, values))
    override _.ToArray() = inner.ToArray()

let private corpus examples =
    {
        Levels = 2
        Width = 3
        Counts = Array.init examples (fun example -> 2 + example % 3)
        Steps = 2
        Seed = 4
    }

/// Calls of one evaluation, terms and gradient, on a batch of so many examples.
let private calls (options: RationaleOptions) examples =
    let count = ref 0

    let counting =
        { reference with
            Like = CountingTensor(reference.Like, count)
        }

    let case =
        {
            Corpus = corpus examples
            Options = options
            Kind = SubspaceKind.MultilinearSvd
            Standardisation = Standardisation.Full
        }

    let batch = batch reference case
    let subspace = batch.Objective.Measured

    let objective =
        ok (
            BoundObjective.Create
                subspace
                {
                    Rationale = options
                    Anchor = AnchorForm.Full
                    AnchorScale = AnchorScale.Corpus
                }
                counting.Like
        )

    let states = teacherStates counting case.Corpus
    let student = studentStates counting case.Corpus
    let anchors = ok (objective.Subspace.Anchors(anchorStates counting case.Corpus))
    count.Value <- 0
    let evaluated = against objective states case.Corpus.Counts case.Corpus.Steps
    evaluated.Terms student |> ignore
    objective.Anchor anchors anchors |> ignore
    count.Value

[<Tests>]
let tests =
    testList
        "Calls"
        [
            for covariance in
                [
                    Covariance.Modewise
                    Covariance.Full
                    Covariance.PerLayer
                    Covariance.Diagonal
                ] do
                for order in [ Order.Off; Order.Lag1; Order.Third; Order.Parts 3 ] ->
                    test $"{covariance}, {order}: as many calls for 2 examples as for 7" {
                        let options =
                            {
                                Covariance = covariance
                                Order = order
                                Weighting = Weighting.Statistic
                            }

                        let few, many = calls options 2, calls options 7
                        Expect.equal many few "calls"
                        Expect.isLessThan few 150 "not many calls at all"
                    }
        ]
