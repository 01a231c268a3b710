/// Full covariances close to agreement, where what token Grams give is the difference of nearly equal numbers.
module LoRi.Math.Tests.AgreementTests

open Expecto
open LoRi.Math
open LoRi.Math.Fluent
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting
open LoRi.Math.Tests.Generators
open LoRi.Models.Tensors
open TorchSharp

let private levels, width, examples, tokens = 2, 6, 5, 4

let private options covariance : ObjectiveOptions =
    {
        Rationale =
            {
                Covariance = covariance
                Order = Order.Off
                Weighting = Weighting.Off
            }
        Anchor = AnchorForm.Off
        AnchorScale = AnchorScale.Corpus
    }

let private teacher seed =
    normals seed (examples * levels * tokens * width)

/// The teacher's tokens with a change of this size at every number.
let private student seed size =
    Array.map2 (fun x y -> x + size * y) (teacher seed) (normals (seed + 1) (examples * levels * tokens * width))

/// An objective without reduction, and the teacher's side of a batch.
let private batch (backend: Backend) covariance seed =
    let case =
        {
            Levels = levels
            Width = width
            Counts = Array.create examples tokens
            Steps = tokens
            Seed = seed
        }

    let states = backend.Tensor [ examples; levels; tokens; width ] (teacher seed)

    let subspace =
        fit backend (Fitting.options case SubspaceKind.Identity Standardisation.Off) states case.Counts

    against
        (ok (BoundObjective.Create (MeasuredSubspace.unmeasured subspace) (options covariance) backend.Like))
        states
        case.Counts
        tokens

let private covariances (terms: RationaleTerms) = terms.Covariance.PerExample.ToArray()

/// |difference of covariances|^2 / p^2 with the differences of the entries taken first.
let private byHand seed size =
    let moments (values: float[]) example =
        let at level token hidden =
            values[((example * levels + level) * tokens + token) * width + hidden]

        let vector token =
            Array.init (levels * width) (fun i -> at (i / width) token (i % width))

        let vectors = Array.init tokens vector

        let mean =
            Array.init (levels * width) (fun i -> Array.averageBy (fun (v: float[]) -> v[i]) vectors)

        Array.init (levels * width * levels * width) (fun index ->
            let i, j = index / (levels * width), index % (levels * width)
            vectors |> Array.averageBy (fun v -> (v[i] - mean[i]) * (v[j] - mean[j])))

    Array.init examples (fun example ->
        let one, other = moments (teacher seed) example, moments (student seed size) example
        Array.sum (Array.map2 (fun a b -> (a - b) ** 2.0) one other) / float one.Length)

let private near (backend: Backend) =
    let states seed size =
        backend.Tensor [ examples; levels; tokens; width ] (student seed size)

    [
        example "measured terms keep their digits near agreement" (fun () ->
            for seed in 1..20 do
                for size in [ 1e-3; 1e-6; 1e-8; 1e-10 ] do
                    let batch = batch backend Covariance.Full seed

                    let found =
                        batch.Objective.Rationale
                            TermsFor.Reporting
                            batch.TeacherWeights
                            batch.Teacher
                            batch.StudentWeights
                            (batch.Student(states seed size))

                    // Entries near 1 carry errors of 1e-16, differences of entries are near `size`.
                    let tolerance = 1e-9 + 1e-14 / size
                    close tolerance (byHand seed size) (covariances found) $"change {size}")

        example "no term is below zero, not even by rounding" (fun () ->
            for covariance in [ Covariance.Full; Covariance.Modewise ] do
                for seed in 1..20 do
                    for size in [ 0.0; 1e-10; 1e-8; 1e-6 ] do
                        let terms = (batch backend covariance seed).Terms(states seed size)
                        Expect.all (numbers terms) (fun x -> x >= 0.0) $"{covariance}, change {size}")

        example "the facade measures the same" (fun () ->
            let batch = batch backend Covariance.Full 3
            let student = batch.Student(states 3 1e-6)
            let counts = Array.create examples tokens
            let found = Objectives.Measure(batch.Objective, batch.Teacher, counts, student)

            let direct =
                batch.Objective.Rationale
                    TermsFor.Reporting
                    batch.TeacherWeights
                    batch.Teacher
                    batch.StudentWeights
                    student

            Expect.equal (numbers found) (numbers direct) "terms")

        example "what is below zero is cut, NaN stays" (fun () ->
            let found =
                (backend.Tensor [ 5 ] [| -1.0; 0.0; 2.0; nan; -infinity |]).PositivePart().ToArray()

            Expect.equal [| found[0]; found[1]; found[2]; found[4] |] [| 0.0; 0.0; 2.0; 0.0 |] "numbers"
            Expect.isTrue (System.Double.IsNaN found[3]) "NaN")
    ]

/// In float32, where training may be, rounding is 1e-7 of the covariances.
let private single =
    example "in float32 no term is below zero and no gradient is NaN" (fun () ->
        let backend = torchCpu.Force()

        let narrow =
            { backend with
                Like = TorchTensor(TorchTensor.Unwrap(backend.Like).``to`` torch.ScalarType.Float32)
            }

        let mutable atZero = 0

        for seed in 1..20 do
            let batch = batch narrow Covariance.Full seed

            for size in [ 0.0; 1e-7; 1e-5; 1e-3 ] do
                let tensor = narrow.Tensor [ examples; levels; tokens; width ] (student seed size)

                let states = (TorchTensor.Unwrap tensor).requires_grad_ true
                let found = (batch.Terms(TorchTensor states)).Covariance.PerExample
                let terms = found.ToArray()
                Expect.all terms (fun x -> x >= 0.0) $"change {size}"
                atZero <- atZero + (terms |> Array.filter (fun x -> x = 0.0) |> Array.length)
                (TorchTensor.Unwrap found).sum().backward()

                let gradient = (TorchTensor(states.grad |> Option.ofObj |> Option.get)).ToArray()

                Expect.all gradient System.Double.IsFinite $"gradient, change {size}"

        Expect.isGreaterThan atZero 0 "some are cut")

[<Tests>]
let tests = testList "Agreement" [ onEach "full covariance" near; single ]
