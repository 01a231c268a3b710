/// What the facade for C# refuses: sizes that types cannot tell apart, with the axis and both shapes.
module LoRi.Math.Tests.FluentDoorTests

open System
open Expecto
open LoRi.Math
open LoRi.Math.Fluent
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Generators

type private A = interface end

type private B = interface end

type private C = interface end

let private numbers (backend: Backend) (shape: int list) =
    backend.Tensor shape (normals 4 (List.fold (*) 1 shape))

let private subspace (backend: Backend) levels width =
    let ranks: SubspaceOptions =
        {
            Kind = SubspaceKind.MultilinearSvd
            Standardisation = Standardisation.Full
            LayerRank = RankChoice.Exactly 2
            HiddenRank = RankChoice.Exactly 3
        }

    Subspaces.Fit(
        backend.Spectral,
        ranks,
        Weighting.Statistic,
        numbers backend [ 2; levels; 4; width ],
        [| 4; 3 |],
        numbers backend [ 2; levels; width ]
    )

let private options scale : ObjectiveOptions =
    {
        Rationale =
            {
                Covariance = Covariance.Modewise
                Order = Order.Off
                Weighting = Weighting.Off
            }
        Anchor = AnchorForm.Full
        AnchorScale = scale
    }

let private bind (backend: Backend) levels width scale =
    Objectives.Bind(subspace backend levels width, options scale, backend.Like)

let private throws (text: string) (body: unit -> 'a) =
    Expect.throwsC (fun () -> body () |> ignore) (fun (error: exn) ->
        Expect.isTrue (error :? ArgumentException) $"an ArgumentException, not {error.GetType().Name}: {error.Message}"
        Expect.equal error.Message text "text")

let private weights: RationaleWeights =
    {
        Mean = 1.0
        Covariance = 1.0
        Order = 0.0
    }

let private objectives (backend: Backend) =
    [
        example "anchors of other examples, levels or components are refused" (fun () ->
            let own, other =
                bind backend 3 6 AnchorScale.Corpus, bind backend 2 6 AnchorScale.Corpus

            let anchors (of': BoundObjective) shape =
                TypedTrajectories.Anchors(of'.Subspace, numbers backend shape)

            let two = anchors own [ 2; 3; 6 ]

            throws "anchor loss: the operands disagree along axis example: 2 x 3 x 6 against 3 x 3 x 6" (fun () ->
                Objectives.Anchor(own, two, anchors own [ 3; 3; 6 ]))

            throws
                "the student's anchors: found shape 2 x 2 x 6, expected 3 x 6 for the last axes; they disagree along axis Level"
                (fun () -> Objectives.Anchor(own, two, anchors other [ 2; 2; 6 ]))

            throws
                "the teacher's anchors: found shape 2 x 2 x 6, expected 3 x 6 for the last axes; they disagree along axis Level"
                (fun () -> Objectives.Anchor(own, anchors other [ 2; 2; 6 ], two)))

        example "the deviation over a batch needs one" (fun () ->
            let objective = bind backend 3 6 AnchorScale.Batch

            let anchors shape =
                TypedTrajectories.Anchors(objective.Subspace, numbers backend shape)

            for shape, shown in [ [ 3; 6 ], "3 x 6"; [ 1; 2; 3; 6 ], "1 x 2 x 3 x 6" ] do
                throws $"the anchors: found shape {shown}, expected 3 axes: example x Level x Hidden" (fun () ->
                    Objectives.Anchor(objective, anchors shape, anchors shape))

            let batch = anchors [ 2; 3; 6 ]
            let same = Objectives.Anchor(objective, batch, batch)
            Expect.equal (same.PerExample.ToArray()) [| 0.0; 0.0 |] "a batch")

        example "trajectories and coordinates of another subspace are refused" (fun () ->
            let own, other =
                bind backend 3 6 AnchorScale.Corpus, bind backend 2 6 AnchorScale.Corpus

            let teacher (of': BoundObjective) levels =
                TypedTrajectories.Teacher(of'.Subspace, numbers backend [ 2; levels; 4; 6 ])

            let project (of': BoundObjective) levels =
                TypedTrajectories.Project(of'.Subspace, teacher of' levels)

            let student (of': BoundObjective) levels =
                TypedTrajectories.Student(of'.Subspace, numbers backend [ 2; levels; 5; 6 ])

            let foreign, text =
                student other 2,
                "found shape 2 x 2 x 5 x 6, expected 3 x 5 x 6 for the last axes; they disagree along axis Level"

            let counts = [| 4; 3 |]

            for evaluate in
                [
                    fun () -> Objectives.Rationale(own, project own 3, counts, foreign) |> ignore
                    fun () -> Objectives.Measure(own, project own 3, counts, foreign) |> ignore
                    fun () -> Objectives.RationaleGradient(own, weights, project own 3, counts, foreign) |> ignore
                ] do
                throws $"the student's trajectory: {text}" evaluate

            throws $"the trajectory: {text}" (fun () -> TypedTrajectories.Project(own.Subspace, foreign))

            let identity =
                Subspaces.Fit(
                    backend.Spectral,
                    { Fitting.options
                          {
                              Levels = 3
                              Width = 6
                              Counts = counts
                              Steps = 5
                              Seed = 1
                          }
                          SubspaceKind.Identity
                          Standardisation.Off with
                        LayerRank = RankChoice.Exactly 3
                    },
                    Readings.Statistics(numbers backend [ 2; 3; 4; 6 ], counts)
                )

            let whole = BoundSubspace(identity, backend.Like)

            throws
                "the teacher's coordinates: found shape 2 x 3 x 4 x 6, expected 2 x 4 x 3 for the last axes; they disagree along axis Truncated<Level>"
                (fun () ->
                    Objectives.Rationale(own, TypedTrajectories.Project(whole, teacher own 3), counts, student own 3)))
    ]

let private algebra (backend: Backend) =
    let x =
        Tensors.Tensor3(Tensors.Dim<A> 3, Tensors.Dim<B> 4, Tensors.Dim<C> 5, numbers backend [ 3; 4; 5 ])

    let matrix rows columns : Matrix<'r, 'c> =
        Tensors.Matrix(Tensors.Dim<'r> rows, Tensors.Dim<'c> columns, numbers backend [ rows; columns ])

    [
        example "a mode product with a matrix of another size is refused" (fun () ->
            throws "mode-1 product: the operands disagree along axis A: 2 x 7 against 3 x 4 x 5" (fun () ->
                Modes.Product1(x, (matrix 2 7: Matrix<A, A>)))

            throws "mode-2 product: the operands disagree along axis B: 2 x 7 against 3 x 4 x 5" (fun () ->
                Modes.Product2(x, (matrix 2 7: Matrix<A, B>)))

            throws "mode-3 product: the operands disagree along axis C: 2 x 7 against 3 x 4 x 5" (fun () ->
                Modes.Product3(x, (matrix 2 7: Matrix<A, C>))))

        example "a folding into other sizes is refused" (fun () ->
            throws "fold: the operands disagree along axis Merged<B, C>: 3 x 20 against 3 x 4 x 6" (fun () ->
                Modes.Fold1(Tensors.Dim<B> 4, Tensors.Dim<C> 6, Modes.Unfold1 x))

            throws "fold: the operands disagree along axis Merged<A, C>: 4 x 15 against 4 x 2 x 5" (fun () ->
                Modes.Fold2(Tensors.Dim<A> 2, Tensors.Dim<C> 5, Modes.Unfold2 x))

            throws "fold: the operands disagree along axis Merged<A, B>: 5 x 12 against 5 x 3 x 5" (fun () ->
                Modes.Fold3(Tensors.Dim<A> 3, Tensors.Dim<B> 5, Modes.Unfold3 x)))

        example "decompositions of several tensors are refused" (fun () ->
            let batch =
                Tensors.Tensor3(Tensors.Dim<A> 3, Tensors.Dim<B> 4, Tensors.Dim<C> 5, numbers backend [ 2; 3; 4; 5 ])

            let ranks = { R1 = 2; R2 = 2; R3 = 2 }

            for decompose in
                [
                    fun () -> Decompositions.Truncated(backend.Spectral, ranks, batch) |> ignore
                    fun () -> Decompositions.SequentiallyTruncated(backend.Spectral, ranks, batch) |> ignore
                    fun () -> Decompositions.Refined(backend.Spectral, ranks, batch) |> ignore
                    fun () -> Decompositions.SingularValues(backend.Spectral, batch) |> ignore
                    fun () -> Decompositions.SquaredErrorBound(backend.Spectral, ranks, batch) |> ignore
                ] do
                throws "the tensor: found shape 2 x 3 x 4 x 5, expected 3 axes: A x B x C" decompose

            throws "the matrix: found shape 2 x 3 x 20, expected 2 axes: A x Merged<B, C>" (fun () ->
                Decompositions.Thin(backend.Spectral, Modes.Unfold1 batch)))

        example "bases of two spaces, and matrices that do not meet, are refused" (fun () ->
            let first, second =
                (matrix 4 2: Matrix<A, Truncated<A>>), (matrix 5 2: Matrix<A, Truncated<A>>)

            throws
                "the second basis: found shape 5 x 2, expected 4 x 2 for the last axes; they disagree along axis A"
                (fun () -> Bases.PrincipalAngles(backend.Spectral, first, second))

            throws "matrix product: the operands disagree along axis B: 2 x 3 against 4 x 2" (fun () ->
                Matrices.Product((matrix 2 3: Matrix<A, B>), (matrix 4 2: Matrix<B, C>))))
    ]

[<Tests>]
let tests =
    testList "Fluent doors" [ onEach "objectives" objectives; onEach "algebra" algebra ]
