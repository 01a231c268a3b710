/// Batches are checked where a corpus takes them: what is wrong with one is an error, not a wrong number.
module LoRi.Math.Tests.CorpusDoorTests

open System
open Expecto
open LoRi.Math
open LoRi.Math.Fluent
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting
open LoRi.Math.Tests.Generators

/// Two examples of 3 levels, 4 tokens, 6 components.
let private states (backend: Backend) =
    backend.Tensor [ 2; 3; 4; 6 ] (normals 1 144)

let private counts = [| 4; 3 |]

/// What is wrong with a batch in itself, with the error's text.
let private bad (backend: Backend) =
    [
        "more tokens than places",
        states backend,
        [| 4; 9 |],
        "row 1 is said to have 9 tokens; its token axis has room for 0 to 4"
        "fewer tokens than none",
        states backend,
        [| 4; -2 |],
        "row 1 is said to have -2 tokens; its token axis has room for 0 to 4"
        "a row without a count",
        states backend,
        [| 4 |],
        "the token counts of the trajectories' rows: found 1, expected 2"
        "a count without a row",
        states backend,
        [| 4; 3; 1 |],
        "the token counts of the trajectories' rows: found 3, expected 2"
        "no batch axis",
        backend.Tensor [ 3; 4; 6 ] (normals 1 72),
        counts,
        "the trajectories: found shape 3 x 4 x 6, expected 4 axes: example x level x token x hidden"
        "one axis more",
        backend.Tensor [ 2; 1; 3; 4; 6 ] (normals 1 144),
        counts,
        "the trajectories: found shape 2 x 1 x 3 x 4 x 6, expected 4 axes: example x level x token x hidden"
    ]

/// What is wrong with a batch after others, with the error's text.
let private misfits (backend: Backend) =
    let refused shape =
        let found = String.Join(" x ", List.map string shape)

        fun axis ->
            $"the trajectories: found shape {found}, expected 3 x 4 x 6 for the last axes; they disagree along axis {axis}"

    [
        for shape, axis in
            [
                [ 2; 3; 4; 1 ], "Hidden"
                [ 2; 3; 4; 5 ], "Hidden"
                [ 2; 1; 4; 6 ], "Level"
                [ 2; 2; 4; 6 ], "Level"
            ] do
            let size = List.fold (*) 1 shape
            $"shape {shape}", backend.Tensor shape (normals 2 size), counts, refused shape axis
    ]

/// The same through the facade: an argument exception with the text.
let private throws (text: string) what (body: unit -> 'a) =
    Expect.throwsC (fun () -> body () |> ignore) (fun (error: exn) ->
        Expect.isTrue (error :? ArgumentException) $"{what}: {error.GetType().Name}"
        Expect.equal error.Message text what)

let private subspace backend =
    let options: SubspaceOptions =
        {
            Kind = SubspaceKind.MultilinearSvd
            Standardisation = Standardisation.Full
            LayerRank = RankChoice.Exactly 2
            HiddenRank = RankChoice.Exactly 3
        }

    fit backend options (states backend) counts

let private readings (backend: Backend) =
    [
        example "a first batch is checked" (fun () ->
            for what, states, counts, text in bad backend do
                Expect.equal (errorText (CorpusStatistics.Start states counts)) text $"one reading: {what}"
                Expect.equal (errorText (LevelSums.Start states counts)) text $"two readings: {what}"
                throws text what (fun () -> Readings.Statistics(states, counts))
                throws text what (fun () -> Readings.Sums(states, counts)))

        example "every further batch is checked, also against the ones before" (fun () ->
            let statistics = ok (CorpusStatistics.Start (states backend) counts)
            let sums = ok (LevelSums.Start (states backend) counts)
            let grams = ok (GramSums.Start sums Standardisation.Full)

            for what, states, counts, text in bad backend @ misfits backend do
                Expect.equal (errorText (statistics.Add states counts)) text $"one reading: {what}"
                Expect.equal (errorText (sums.Add states counts)) text $"first of two: {what}"
                Expect.equal (errorText (grams.Add states counts)) text $"second of two: {what}"
                throws text what (fun () -> Readings.Add(statistics, states, counts))
                throws text what (fun () -> Readings.Add(sums, states, counts))
                throws text what (fun () -> Readings.Add(grams, states, counts)))

        example "states without levels, tokens or components are refused" (fun () ->
            for shape, axis in
                [
                    [ 2; 0; 4; 6 ], "Level"
                    [ 2; 3; 0; 6 ], "TeacherToken"
                    [ 2; 3; 4; 0 ], "Hidden"
                ] do
                Expect.equal
                    (errorText (CorpusStatistics.Start (backend.Tensor shape [||]) [| 0; 0 |]))
                    $"the size of axis {axis} is 0; it must be at least 1"
                    axis)

        example "sums that a backend made are checked" (fun () ->
            let sums = ok (CorpusStatistics.Start (states backend) counts)
            let levels, width = sums.Shift.Shape[0], sums.Shift.Shape[1]

            let made (shift: RawTensor) grams =
                CorpusStatistics.OfSums shift sums.Examples sums.Tokens sums.Sums grams sums.LevelProducts

            let same = ok (made sums.Shift sums.HiddenGrams)

            Expect.equal
                (same.MovedTo(sums.Shift.Scale 0.0).Sums.ToArray())
                (sums.MovedTo(sums.Shift.Scale 0.0).Sums.ToArray())
                "sums"

            let text =
                $"the hidden Gram matrices: found shape {levels} x {width} x {width - 1}, expected {levels} x {width} x {width} for the last axes; they disagree along axis Hidden"

            let cut = sums.HiddenGrams.Slice(-1, 0, width - 1)
            Expect.equal (errorText (made sums.Shift cut)) text "Gram matrices"

            throws text "Gram matrices" (fun () ->
                Readings.Statistics(sums.Shift, sums.Examples, sums.Tokens, sums.Sums, cut, sums.LevelProducts))

            Expect.isError (made (sums.Shift.Reshape [| levels * width |]) sums.HiddenGrams) "a shift of one axis")

        example "corpora of other sizes do not merge" (fun () ->
            let one = ok (CorpusStatistics.Start (states backend) counts)

            let other =
                ok (CorpusStatistics.Start (backend.Tensor [ 2; 3; 4; 1 ] (normals 2 24)) counts)

            Expect.throwsC (fun () -> one.Merge other |> ignore) (fun error ->
                Expect.equal
                    error.Message
                    "invariant: statistics around another shift: found shape 3 x 6, expected 3 x 1 for the last axes; they disagree along axis Hidden"
                    "text"))

        property<CorpusCase>
            typeof<Cases>
            "counts_are_taken_exactly_where_the_token_axis_has_room_for_them"
            (fun case ->
                let states = teacherStates backend case

                for wrong in [ -1; case.Longest + 1 ] do
                    for row in 0 .. case.Counts.Length - 1 do
                        let counts = Array.copy case.Counts
                        counts[row] <- wrong

                        Expect.equal
                            (CorpusStatistics.Start states counts |> Result.map ignore)
                            (Error(TokenCountOutOfRange(row, wrong, case.Longest)))
                            $"row {row}"

                let sums = ok (CorpusStatistics.Start states case.Counts)
                Expect.equal sums.Tokens (float (Array.sum case.Counts)) "tokens")
    ]

let private measures (backend: Backend) =
    [
        example "the second reading's batches are checked" (fun () ->
            let subspace = subspace backend
            let bound = BoundSubspace(subspace, backend.Like)

            let coordinates =
                Coordinates.raw (
                    bound.Coordinates(bound.Standardise(ok (bound.Trajectory<TeacherToken>(states backend))))
                )

            let measures =
                SubspaceMeasures(subspace, MeasuredVariances.every Weighting.Statistic subspace, backend.Like)

            let anchors = backend.Tensor [ 2; 3; 6 ] (normals 3 36)

            for what, batch, counts, text in bad backend |> List.take 4 do
                Expect.equal (errorText (measures.AddTrajectories batch counts)) text $"trajectories: {what}"
                Expect.equal (errorText (measures.AddCoordinates coordinates counts)) text $"coordinates: {what}"
                throws text what (fun () -> Subspaces.Measure(measures, batch, counts, anchors))
                throws text what (fun () -> Subspaces.MeasureCoordinates(measures, coordinates, counts, anchors)))

        example "anchors are of all rows or of none" (fun () ->
            let subspace = subspace backend
            let measures = SubspaceMeasures(subspace, MeasuredVariances.Nothing, backend.Like)

            throws "the anchors of the trajectories' rows: found 1, expected 2" "rows" (fun () ->
                Subspaces.Measure(measures, states backend, counts, backend.Tensor [ 1; 3; 6 ] (normals 3 18)))

            throws "the anchors: found shape 3 x 6, expected 3 axes: example x level x hidden" "axes" (fun () ->
                Subspaces.Measure(measures, states backend, counts, backend.Tensor [ 3; 6 ] (normals 3 18))))

        example "a fit through the facade is checked" (fun () ->
            let options: SubspaceOptions =
                {
                    Kind = SubspaceKind.MultilinearSvd
                    Standardisation = Standardisation.Full
                    LayerRank = RankChoice.Exactly 2
                    HiddenRank = RankChoice.Exactly 3
                }

            let anchors = backend.Tensor [ 2; 3; 6 ] (normals 3 36)

            for what, batch, counts, text in bad backend do
                throws text what (fun () ->
                    Subspaces.Fit(backend.Spectral, options, Weighting.Statistic, batch, counts, anchors)))
    ]

[<Tests>]
let tests =
    testList "Corpus doors" [ onEach "readings" readings; onEach "measures" measures ]
