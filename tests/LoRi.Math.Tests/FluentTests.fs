module LoRi.Math.Tests.FluentTests

open System
open Expecto
open LoRi.Math
open LoRi.Math.Fluent
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Generators

let private case =
    {
        Levels = 2
        Width = 3
        Counts = [| 4; 2 |]
        Steps = 3
        Seed = 6
    }

let private rationale =
    {
        Covariance = Covariance.PerLayer
        Order = Order.Off
        Weighting = Weighting.Statistic
    }

let private options: ObjectiveOptions =
    {
        Rationale = rationale
        Anchor = AnchorForm.Full
        AnchorScale = AnchorScale.Corpus
    }

let private subspace () =
    let options = Fitting.options case SubspaceKind.MultilinearSvd Standardisation.Full

    let states, anchors =
        Fitting.teacherStates reference case, Fitting.anchorStates reference case

    Subspaces.Fit(reference.Spectral, options, Weighting.Statistic, states, case.Counts, anchors)

let private throws (text: string) (body: unit -> 'a) =
    Expect.throwsC (fun () -> body () |> ignore) (fun (error: exn) ->
        Expect.isTrue (error :? ArgumentException) "an ArgumentException"
        Expect.equal error.Message text "text")

[<Tests>]
let tests =
    testList
        "Fluent"
        [
            test "forwards to the same numbers" {
                let objective = Objectives.Bind(subspace (), options, reference.Like)
                let states = Fitting.teacherStates reference case

                let teacher =
                    TypedTrajectories.Project(objective.Subspace, TypedTrajectories.Teacher(objective.Subspace, states))

                let student =
                    TypedTrajectories.Student(objective.Subspace, Fitting.studentStates reference case)

                let terms = Objectives.Rationale(objective, teacher, case.Counts, student)

                let direct =
                    (Fitting.against objective states case.Counts case.Steps)
                        .Terms(Fitting.studentStates reference case)

                Expect.equal (Fitting.numbers terms) (Fitting.numbers direct) "terms"
            }
            test "rows that do not belong together are refused with both shapes" {
                let objective = Objectives.Bind(subspace (), options, reference.Like)
                let states = Fitting.teacherStates reference case

                let teacher =
                    TypedTrajectories.Project(objective.Subspace, TypedTrajectories.Teacher(objective.Subspace, states))

                let one =
                    TypedTrajectories.Student(
                        objective.Subspace,
                        (Fitting.studentStates reference case).Slice(-4, 0, 1)
                    )

                let both =
                    TypedTrajectories.Student(objective.Subspace, Fitting.studentStates reference case)

                throws
                    "rationale loss: the operands disagree along axis example: 2 x 1 x 4 x 2 against 1 x 2 x 3 x 3"
                    (fun () -> Objectives.Rationale(objective, teacher, case.Counts, one))

                throws "the token counts of the teacher's rows: found 1, expected 2" (fun () ->
                    Objectives.Rationale(objective, teacher, [| 4 |], both))
            }
            test "a wrong number of values is refused" {
                throws "the number of values: found 5, expected 6" (fun () ->
                    Tensors.Reference([| 2; 3 |], Array.zeroCreate 5))
            }
            test "foldings undo unfoldings" {
                let two, three, four =
                    Tensors.Dim<Level> 2, Tensors.Dim<TeacherToken> 3, Tensors.Dim<Hidden> 4

                let x =
                    Tensors.Tensor3(two, three, four, Tensors.Reference([| 2; 3; 4 |], normals 5 24))

                for folded in
                    [
                        Modes.Fold1(three, four, Modes.Unfold1 x)
                        Modes.Fold2(two, four, Modes.Unfold2 x)
                        Modes.Fold3(two, three, Modes.Unfold3 x)
                    ] do
                    Expect.equal (Tensor3.raw folded).Shape [| 2; 3; 4 |] "shape"
                    Expect.equal ((Tensor3.raw folded).ToArray()) (normals 5 24) "values"
            }
            test "decompositions and matrix algebra forward" {
                let x =
                    Tensors.Tensor3(
                        Tensors.Dim<Level> 2,
                        Tensors.Dim<TeacherToken> 3,
                        Tensors.Dim<Hidden> 4,
                        Tensors.Reference([| 2; 3; 4 |], normals 5 24)
                    )

                let ranks = { R1 = 1; R2 = 2; R3 = 2 }
                let tucker = Decompositions.Truncated(reference.Spectral, ranks, x)
                let error = Decompositions.SquaredError(x, tucker)
                Expect.equal error (MultilinearSvd.squaredError x tucker) "error"
                let bound = Decompositions.SquaredErrorBound(reference.Spectral, ranks, x)
                Expect.isLessThanOrEqual error bound "bound"
                let unfolded = Modes.Unfold1 x
                let thin = Decompositions.Thin(reference.Spectral, unfolded)
                let struct (first, _, _) = Decompositions.SingularValues(reference.Spectral, x)
                Expect.equal thin.Singular first "singular values"
                let gram = Matrices.Product(unfolded, Matrices.Transpose unfolded)

                close
                    1e-12
                    [| Array.sumBy (fun s -> s * s) first |]
                    [| (let g = (Matrix.raw gram).ToArray() in g[0] + g[3]) |]
                    "trace"
            }
            test "moments forward" {
                let bound = BoundSubspace((subspace ()).Fitted, reference.Like)
                let teacher = TypedTrajectories.Teacher(bound, Fitting.teacherStates reference case)
                let z = TypedTrajectories.Project(bound, teacher)
                let centred = TokenMoments.Centre(z, case.Counts)
                let mean = (TokenMoments.Mean centred).Entries.ToArray()
                let values = (TypedTrajectories.Values z).ToArray()
                // The first row has four tokens in four places, of two components each.
                close 1e-12 [| Array.average [| for token in 0..3 -> values[2 * token] |] |] [| mean[0] |] "mean"
                Expect.hasLength (TokenMoments.Covariance(Covariance.Modewise, centred)) 2 "layer and hidden"
                Expect.hasLength (TokenMoments.Order(Order.Third, centred)) 1 "third moments"

                throws "the token counts of the trajectories' rows: found 1, expected 2" (fun () ->
                    TokenMoments.Centre(z, [| 4 |]))

                let student =
                    TypedTrajectories.StudentCoordinates(bound, TypedTrajectories.Values z)

                Expect.equal (TypedTrajectories.Values student).Shape (TypedTrajectories.Values z).Shape "student"
            }
            test "two readings agree with one" {
                let states = Fitting.teacherStates reference case
                let sums = Readings.Sums(states, case.Counts)

                let grams =
                    [| for one in Readings.Start sums -> Readings.Add(one, states, case.Counts) |]

                let options = Fitting.options case SubspaceKind.MultilinearSvd Standardisation.Scale

                let one =
                    Subspaces.Fit(reference.Spectral, options, Readings.Statistics(states, case.Counts))

                let two = Subspaces.Fit(reference.Spectral, options, Readings.Finish(sums, grams))

                close
                    1e-10
                    one.Spectra[Standardisation.Scale].Hidden
                    two.Spectra[Standardisation.Scale].Hidden
                    "spectrum"
            }
        ]
