module LoRi.Math.Tests.MomentsTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Generators

let private property = property<CorpusCase> typeof<Cases>

let private forms =
    [
        Covariance.Modewise
        Covariance.Full
        Covariance.PerLayer
        Covariance.Diagonal
    ]

/// Coordinates of the case's teacher tokens, unstandardised, with their weights.
let private centred (backend: Backend) (case: CorpusCase) (numbers: float[]) counts places =
    let z: Coordinates<TeacherToken> =
        ok (
            Coordinates.create
                (ok (Dim.create case.Levels))
                (ok (Dim.create places))
                (ok (Dim.create case.Width))
                (backend.Tensor [ Array.length counts; case.Levels; places; case.Width ] numbers)
        )

    Moments.centre (ok (TokenWeights.ofCounts (ok (Dim.create places)) counts backend.Like)) z

let private teacher backend (case: CorpusCase) =
    centred backend case case.Teacher case.Counts case.Longest

/// All statistics but those of successive steps.
let private unordered c =
    [ Moments.mean c ]
    @ List.collect (fun form -> Moments.covariance form c) forms
    @ Moments.order Order.Third c

let private values (statistics: StatisticValue list) =
    [ for s in statistics -> Statistic.name s.Statistic, s.Entries.ToArray() ]

let private same tolerance expected found =
    for (name, left), (_, right) in List.zip expected found do
        closeOn 10.0 tolerance left right name

/// The tokens of an example as r_L x r_d arrays, straight from the case's numbers.
let private tokensOf (case: CorpusCase) example =
    Array.init case.Counts[example] (fun token ->
        Array.init (case.Levels * case.Width) (fun index ->
            let level, entry = index / case.Width, index % case.Width
            case.Teacher[((example * case.Levels + level) * case.Longest + token) * case.Width + entry]))

let private meanOf (tokens: float[][]) =
    tokens |> Array.reduce (Array.map2 (+)) |> Array.map (fun x -> x / float tokens.Length)

/// Sigma = mean over tokens of vec D_t (vec D_t)', p x p, by its definition.
let private sigmaOf (tokens: float[][]) =
    let mean = meanOf tokens

    let outer (token: float[]) =
        let d = Array.map2 (-) token mean
        Array.collect (fun x -> Array.map (fun y -> x * y) d) d

    tokens |> Array.map outer |> meanOf

let private block size example (values: float[]) =
    values[example * size .. (example + 1) * size - 1]

/// The mean deviation over each of `parts` equal stretches of an example, an end within a token sharing it.
let private partsOf parts (tokens: float[][]) =
    let mean = meanOf tokens
    let long = float tokens.Length / float parts

    Array.init parts (fun part ->
        let first, last = float part * long, float (part + 1) * long

        tokens
        |> Array.mapi (fun token values ->
            let filled = max 0.0 (min last (float (token + 1)) - max first (float token))
            Array.map2 (fun x m -> filled / long * (x - m)) values mean)
        |> Array.reduce (Array.map2 (+)))

let private definitions (backend: Backend) =
    [
        property "parts_are_means_of_equal_stretches" (fun case ->
            for parts in [ 1; 2; 3; 7 ] do
                let found =
                    (Moments.order (Order.Parts parts) (teacher backend case)).Head.Entries.ToArray()

                let size = case.Levels * parts * case.Width

                for example in 0 .. case.Counts.Length - 1 do
                    let own = block size example found

                    if case.Counts[example] > 0 then
                        // Layers before parts in the statistic, parts before layers in the definition.
                        let expected = partsOf parts (tokensOf case example)

                        let entries =
                            [|
                                for level in 0 .. case.Levels - 1 do
                                    for part in 0 .. parts - 1 do
                                        yield! Array.sub expected[part] (level * case.Width) case.Width
                            |]

                        closeOn 10.0 Tolerances.algebra entries own $"{parts} parts"
                    else
                        Expect.all own (fun x -> x = 0.0) "no token, no part")

        property "mean_and_full_covariance_are_their_definitions" (fun case ->
            let c = teacher backend case
            let mean = (Moments.mean c).Entries.ToArray()
            let sigma = (Moments.covariance Covariance.Full c).Head.Entries.ToArray()
            let p = case.Levels * case.Width

            for example in 0 .. case.Counts.Length - 1 do
                if case.Counts[example] > 0 then
                    let tokens = tokensOf case example
                    closeOn 1.0 Tolerances.algebra (meanOf tokens) (block p example mean) "mean"
                    closeOn 1.0 Tolerances.algebra (sigmaOf tokens) (block (p * p) example sigma) "covariance"
                else
                    Expect.all (block p example mean) (fun x -> x = 0.0) "no token, no mean")
    ]

/// The case's teacher states with the tokens of every example moved by `place`.
let private rearranged (case: CorpusCase) places (place: int -> int -> int) =
    Array.init (case.Counts.Length * case.Levels * places * case.Width) (fun index ->
        let entry = index % case.Width
        let token = index / case.Width % places
        let level = index / (case.Width * places) % case.Levels
        let example = index / (case.Width * places * case.Levels)

        case.Teacher[((example * case.Levels + level) * case.Longest + place example token) * case.Width
                     + entry])

let private invariances (backend: Backend) =
    [
        property "moments_do_not_depend_on_the_order_of_tokens" (fun case ->
            let reversed =
                rearranged case case.Longest (fun example token ->
                    let count = case.Counts[example]
                    if token < count then count - 1 - token else token)

            let moved = centred backend case reversed case.Counts case.Longest
            same Tolerances.algebra (values (unordered (teacher backend case))) (values (unordered moved)))

        property "moments_do_not_change_when_every_token_is_repeated" (fun case ->
            let places = 2 * case.Longest

            let twice =
                rearranged case places (fun example token -> if token < 2 * case.Counts[example] then token / 2 else 0)

            let repeated = centred backend case twice (Array.map ((*) 2) case.Counts) places
            same Tolerances.algebra (values (unordered (teacher backend case))) (values (unordered repeated)))

        property "means_of_parts_do_not_change_when_every_token_is_repeated" (fun case ->
            let places = 3 * case.Longest

            let thrice =
                rearranged case places (fun example token -> if token < 3 * case.Counts[example] then token / 3 else 0)

            let repeated = centred backend case thrice (Array.map ((*) 3) case.Counts) places

            let parts c =
                values (Moments.order (Order.Parts 4) c)

            same Tolerances.algebra (parts (teacher backend case)) (parts repeated))

        property "what_padding_holds_does_not_matter" (fun case ->
            let padded =
                rearranged case (case.Longest + 3) (fun _ token -> if token < case.Longest then token else 0)

            let moved = centred backend case padded case.Counts (case.Longest + 3)

            let all c =
                values (unordered c @ Moments.order Order.Lag1 c @ Moments.order (Order.Parts 3) c)

            same Tolerances.algebra (all (teacher backend case)) (all moved))

        property "batched_equals_stacked_singles" (fun case ->
            let all c =
                values (unordered c @ Moments.order Order.Lag1 c @ Moments.order (Order.Parts 3) c)

            let batched = all (teacher backend case)
            let size = case.Levels * case.Longest * case.Width

            let singles =
                [
                    for example in 0 .. case.Counts.Length - 1 ->
                        let own = block size example case.Teacher
                        all (centred backend case own [| case.Counts[example] |] case.Longest)
                ]

            let stacked =
                [
                    for index, (name, _) in List.indexed batched ->
                        name, Array.concat [ for single in singles -> snd (List.item index single) ]
                ]

            same Tolerances.algebra stacked batched)

        example "a single token has no covariance, no lag, no third moment and no part that differs" (fun () ->
            let case =
                {
                    Levels = 2
                    Width = 2
                    Counts = [| 1 |]
                    Steps = 1
                    Seed = 5
                }

            let c = teacher backend case

            for statistic in (unordered c).Tail @ Moments.order Order.Lag1 c @ Moments.order (Order.Parts 3) c do
                Expect.all (statistic.Entries.ToArray()) (fun x -> x = 0.0) (Statistic.name statistic.Statistic))
    ]

let private weights (backend: Backend) =
    [
        property "weights_of_a_row_add_to_one_and_padding_has_none" (fun case ->
            let size: Dim<TeacherToken> = ok (Dim.create case.Longest)

            let weights =
                (TokenWeights.perToken (ok (TokenWeights.ofCounts size case.Counts backend.Like))).ToArray()

            for row in 0 .. case.Counts.Length - 1 do
                let own, count = block case.Longest row weights, case.Counts[row]
                closeOn 1.0 Tolerances.algebra [| (if count > 0 then 1.0 else 0.0) |] [| Array.sum own |] "sum"
                Expect.all own[count..] (fun w -> w = 0.0) "padding")

        example "weights of another batch stop with both shapes, also where sizes of one would broadcast" (fun () ->
            let z places examples : Coordinates<TeacherToken> =
                let numbers =
                    backend.Tensor [ examples; 1; places; 1 ] (normals 1 (examples * places))

                ok (Coordinates.create (ok (Dim.create 1)) (ok (Dim.create places)) (ok (Dim.create 1)) numbers)

            let weights places counts =
                ok (TokenWeights.ofCounts (ok (Dim.create places)) counts backend.Like)

            let stops body =
                Expect.throwsT<System.InvalidOperationException> (fun () -> body () |> ignore) "stops"

            stops (fun () -> Moments.centre (weights 1 [| 1 |]) (z 5 1))
            stops (fun () -> Moments.centre (weights 5 [| 2; 5 |]) (z 5 1))
            stops (fun () -> Moments.centre (weights 5 [| 2 |]) (z 5 3)))

        example "more tokens than places are refused with the row" (fun () ->
            let size: Dim<TeacherToken> = ok (Dim.create 4)

            Expect.equal
                (errorText (TokenWeights.ofCounts size [| 4; 5 |] backend.Like))
                "row 1 is said to have 5 tokens; its token axis has room for 0 to 4"
                "text")
    ]

[<Tests>]
let tests =
    testList
        "Moments"
        [
            onEach "token weights" weights
            onEach "definitions" definitions
            onEach "invariances" invariances
        ]
