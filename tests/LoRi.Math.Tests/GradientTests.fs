module LoRi.Math.Tests.GradientTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting
open LoRi.Math.Tests.Generators
open LoRi.Models.Tensors
open TorchSharp

let private property = property<ObjectiveCase> typeof<Cases>

let private weights: RationaleWeights =
    {
        Mean = 0.7
        Covariance = 1.3
        Order = 0.4
    }

/// The weighted terms, summed over examples.
let private total (terms: RationaleTerms) =
    let add (a: RawTensor) (b: LoRi.Math.Scalar, weight: float) = a.Add(b.PerExample.Scale weight)

    List.fold
        add
        (terms.Mean.PerExample.Scale weights.Mean)
        [ terms.Covariance, weights.Covariance; terms.Order, weights.Order ]

let private closedForm (batch: Batch) (states: RawTensor) =
    (batch.Objective.RationaleGradient
        weights
        batch.TeacherWeights
        batch.Teacher
        batch.StudentWeights
        (batch.Student states))
        .ToArray()

[<Tests>]
let tests =
    testList
        "Gradient"
        [
            property "closed_form_is_the_central_difference" (fun case ->
                let batch = batch reference case
                let corpus = case.Corpus
                let shape = [ corpus.Counts.Length; corpus.Levels; corpus.Steps; corpus.Width ]
                let student = corpus.Student
                let step = 1e-5

                let lossAt index move =
                    let moved = Array.copy student
                    moved[index] <- moved[index] + move
                    Array.sum ((total (batch.Terms(reference.Tensor shape moved))).ToArray())

                let found = closedForm batch (reference.Tensor shape student)
                let some = [| for index in 0..5 .. student.Length - 1 -> index |]

                let expected =
                    some |> Array.map (fun i -> (lossAt i step - lossAt i -step) / (2.0 * step))

                let scale =
                    largest found
                    + 1e-3 * Array.sum ((total (batch.Terms(reference.Tensor shape student))).ToArray())

                closeOn scale Tolerances.centralDifference expected (some |> Array.map (fun i -> found[i])) "gradient")

            property "closed_form_is_what_autograd_finds" (fun case ->
                let backend = torchCpu.Force()
                let batch = batch backend case

                let states =
                    (TorchTensor.Unwrap(studentStates backend case.Corpus)).requires_grad_ true

                let loss = (TorchTensor.Unwrap(total (batch.Terms(TorchTensor states)))).sum()
                loss.backward ()
                let automatic = (TorchTensor(states.grad |> Option.ofObj |> Option.get)).ToArray()
                use _ = torch.no_grad ()
                let scale = 1e-6 * loss.item<double>()
                closeOn scale 1e-8 automatic (closedForm batch (TorchTensor(states.detach ()))) "gradient")

            property "both_backends_give_the_same_terms_and_gradients" (fun case ->
                let torch = torchCpu.Force()
                let one = batch reference case
                // The same subspace on both: eigenvectors of equal eigenvalues are any basis of their space.
                let subspace = one.Objective.Measured

                let options =
                    {
                        Rationale = case.Options
                        Anchor = AnchorForm.Off
                        AnchorScale = AnchorScale.Corpus
                    }

                let objective = ok (BoundObjective.Create subspace options torch.Like)

                let two =
                    against objective (teacherStates torch case.Corpus) case.Corpus.Counts case.Corpus.Steps

                let left, right =
                    studentStates reference case.Corpus, studentStates torch case.Corpus

                let terms = numbers (one.Terms left)
                closeOn (largest terms) Tolerances.loss terms (numbers (two.Terms right)) "terms"
                let gradient = closedForm one left
                closeOn (largest gradient) Tolerances.loss gradient (closedForm two right) "gradient")
        ]
