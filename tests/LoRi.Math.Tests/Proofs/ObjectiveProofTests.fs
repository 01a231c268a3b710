/// The theorems of proofs/Objective.v, on the code.
module LoRi.Math.Tests.Proofs.ObjectiveProofTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting
open LoRi.Math.Tests.Generators
open LoRi.Math.Tests.Proofs.Tensors
open LoRi.Math.Tests.Proofs.Trajectories

let private property = property<TrajectoryCase> typeof<TrajectoryCases>

/// What the three terms compare.
let private groups (options: RationaleOptions) (c: Centred<'token>) =
    [
        [ Moments.mean c ]
        Moments.covariance options.Covariance c
        Moments.order options.Order c
    ]

let private signs (backend: Backend) =
    [
        Backends.property<ObjectiveCase> typeof<Cases> "rationale_terms_are_non_negative" (fun case ->
            let terms = (batch backend case).Terms(studentStates backend case.Corpus)
            Expect.all (numbers terms) (fun x -> x >= -1e-12) "terms")

        property "rationale_is_zero_exactly_when_moments_agree" (fun case ->
            let divisor = dividedBy backend case.Seed case.Sizes
            let teacher: Centred<TeacherToken> = centred backend case.Sizes case.Teacher
            let student: Centred<LatentStep> = centred backend case.Sizes case.Student

            for options in pairsOfForms everyOrder do
                let terms = termsOf backend case.Sizes options divisor
                // The teacher's own tokens agree in every moment.
                close 0.0 [| 0.0; 0.0; 0.0 |] (terms case.Teacher case.Teacher) "the teacher against itself"
                let found = terms case.Teacher case.Student

                for term, (own, other) in List.indexed (List.zip (groups options teacher) (groups options student)) do
                    // The entry that differs most is part of the mean: no difference, no term, and the other way round.
                    let most statistic =
                        (Option.get (divisor statistic)).ToArray() |> Array.max

                    let parts = List.zip own other

                    let least =
                        parts
                        |> List.map (fun (left, right) ->
                            let differences = Array.map2 (-) (left.Entries.ToArray()) (right.Entries.ToArray())

                            largest differences ** 2.0 / (most left.Statistic * float differences.Length))

                    atMost found[term] found[term] (List.fold max 0.0 least) "at least the largest difference"

                    if least |> List.forall (fun x -> x = 0.0) then
                        close 0.0 [| 0.0 |] [| found[term] |] "no difference")
    ]

/// Both sides read anew, as they are and with scaled components.
let private unchanged backend (case: TrajectoryCase) (read: Slices -> Slices) =
    let scale = case.Slices 3 1 |> Array.exactlyOne |> Array.map (fun x -> 0.5 + abs x)
    let scaled: Slices -> Slices = Array.map (Array.map2 (fun s x -> x / s) scale)

    for options in pairsOfForms [ Order.Off; Order.Third ] do
        let terms divisor teacher student =
            termsOf backend case.Sizes options divisor teacher student

        for name, divisor, over in
            [
                "statistic", dividedBy backend case.Seed case.Sizes, id
                "variance", undivided, scaled
            ] do
            let still = terms divisor (over case.Teacher) (over case.Student)
            let again = terms divisor (over (read case.Teacher)) (over (read case.Student))
            closeOn 1.0 Tolerances.loss still again $"{name} {options.Covariance} {options.Order}"

let private orders (backend: Backend) =
    [
        property "rationale_ignores_the_order_of_tokens" (fun case ->
            let shuffled (slices: Slices) =
                Array.indexed slices
                |> Array.sortBy (fun (index, _) -> (normals (case.Seed + index) 1)[0])
                |> Array.map snd

            unchanged backend case shuffled
            unchanged backend case Array.rev)

        property "rationale_ignores_repetition" (fun case ->
            for times in [ 2; 3 ] do
                unchanged backend case (Array.collect (Array.replicate times)))

        Backends.property<ObjectiveCase> typeof<Cases> "full_covariance_term_through_token_grams" (fun case ->
            let options = compared Covariance.Full Order.Off
            let batch = batch backend { case with Options = options }
            let bound = batch.Objective.Subspace

            let student =
                bound.Coordinates(bound.Standardise(batch.Student(studentStates backend case.Corpus)))

            let t, s =
                Moments.centre batch.TeacherWeights batch.Teacher, Moments.centre batch.StudentWeights student

            let plain =
                (MomentMatching.terms options undivided t s).Covariance.PerExample.ToArray()

            let grams = (MomentMatching.fullCovarianceByGrams t s).PerExample.ToArray()
            closeOn 1.0 Tolerances.loss plain grams "covariance")
    ]

[<Tests>]
let tests =
    testList "Proofs" [ onEach "Objective.v" (fun backend -> signs backend @ orders backend) ]
