/// Data that teach less than they seem to, and rows that no model has room for: said or refused before the first step.
module LoRi.Cli.Tests.DegenerateDataTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun
open LoRi.Cli.Tests.TinyEvaluation
open LoRi.Models.Decoders

let private row (question: string) (rationale: string) (answer: string) =
    JsonSerializer.Serialize
        {|
            question = question
            rationale = rationale
            answer = answer
        |}

let private write (folder: string) rows =
    File.WriteAllLines(path folder "data.jsonl", (rows: string list))

let private warnings (outcome: Outcome) =
    outcome.Error.Split('\n') |> Array.filter _.StartsWith("warning: ") |> List.ofArray

/// The command succeeds and warns in these words; with none it does not warn.
let private warns (parts: string list) arguments =
    let outcome = lori arguments
    succeed outcome
    let found = warnings outcome

    if parts.IsEmpty then
        Expect.isEmpty found "no warning"

    for part in parts do
        Expect.exists found _.Contains(part) $"{part} in {found}"

let private refused (part: string) folder arguments =
    let outcome = lori arguments
    Expect.equal outcome.Code Failed outcome.Error
    Expect.stringContains outcome.Error part "message"
    Expect.isFalse (outcome.Error.Contains "step 1/") "before the first step"
    Expect.isFalse (Directory.Exists(path folder "run")) "nothing is left"

let private epochs count folder output =
    teach folder 1 output
    |> List.map (fun argument -> if argument = "--steps" then "--epochs" else argument)
    |> withOption "--epochs" count

let private batches =
    test "a batch larger than the data, and passes far above those asked for, are said with both numbers" {
        withTiny (fun folder ->
            let data = File.ReadAllLines(path folder "data.jsonl") |> List.ofArray

            let dry count batch =
                (epochs count folder "run" |> withOption "--batch-size" batch) @ [ "--dry-run" ]

            warns [] (dry "3" "4")
            warns [] (dry "3" "32")
            warns [ "2 steps make 1.6 passes over the 40 rows, where --epochs asks for 1;" ] (dry "1" "32")
            write folder (List.truncate 8 data)

            warns
                [
                    "--batch-size 32 is larger than the data: a step holds every row 4 times, and 1 step makes 4 passes over the 8 rows, where --epochs asks for 3"
                ]
                (dry "3" "32")

            warns [ "--batch-size 5: only whole steps are made, and 1 step makes 0.625 passes" ] (dry "0.25" "5")
            write folder (List.truncate 1 data)

            warns
                [
                    "a step holds every row 32 times, and 2 steps make 64 passes over the 1 row;"
                ]
                ((teach folder 2 "run" |> withOption "--batch-size" "32") @ [ "--dry-run" ]))
    }

let private copies =
    test "rows that are all the same, and rationales that are missing, are said" {
        withTiny (fun folder ->
            write folder (List.replicate 6 (row "1 + 2 =" "3" "3"))
            warns [ "all 6 training rows are one and the same" ] (teach folder 1 "run")
            write folder [ for i in 1..6 -> row $"{i} + 2 =" (if i = 1 then "3" else "") "3" ]
            warns [ "5 of 6 training rows have no rationale, which a teacher learns from" ] (teach folder 1 "other"))
    }

/// The dry run takes a few rows of the data: none of the first has a rationale.
let private late =
    test "a dry run measures a method on rows that have what it reads" {
        withTiny (fun folder ->
            let some =
                File.ReadAllLines(path folder "data.jsonl") |> List.ofArray |> List.truncate 20

            write folder ([ for i in 1..20 -> row $"{i} + 2 =" "" "3" ] @ some)
            let outcome = lori (distill folder 2 "run" @ [ "--dry-run" ])
            succeed outcome
            Expect.stringContains outcome.Error "20 without rationale" "what there is")
    }

let private still =
    test "a corpus whose states are all the same is refused, and leaves nothing" {
        withTiny (fun folder ->
            let words =
                "the energy kept is 0 of 0: all states are zero after standardisation, and there is nothing to align with"

            for rows in
                [
                    List.replicate 6 (row "1 + 2 =" "3" "3")
                    List.replicate 7 (row "1 + 2 =" "3" "3")
                    [ for i in 1..6 -> row $"{i} + 2 =" (if i = 1 then "3" else "") "3" ]
                ] do
                write folder rows

                for options in
                    [
                        []
                        [ "--online" ]
                        [ "--weighting"; "none" ]
                        [ "--subspace-kind"; "identity" ]
                    ] do
                    refused words folder (distill folder 2 "run" @ options)

            warns [ "the energy kept is 0 of 0" ] (distill folder 2 "run" @ [ "--lambda-rationale"; "0" ]))
    }

let private few =
    test "variances over one or two examples, or that are zero, are said for each weighting" {
        withTiny (fun folder ->
            let data = File.ReadAllLines(path folder "data.jsonl") |> List.ofArray
            let mutable runs = 0

            let command options =
                runs <- runs + 1
                (distill folder 1 $"run{runs}" |> withOption "--batch-size" "1") @ options

            write folder (List.truncate 1 data)
            warns [ "--weighting statistic divides by variances over 1 rows with a rationale" ] (command [])
            warns [] (command [ "--weighting"; "variance" ])
            warns [] (command [ "--weighting"; "none" ])
            write folder (List.truncate 2 data)

            warns
                [
                    "--weighting statistic divides by variances over 2 rows with a rationale, which say nothing"
                ]
                (command [])

            write folder (List.replicate 5 data[0])
            warns [ "those of statistic."; "all 5 training rows" ] (command [])
            write folder data
            warns [] (command []))
    }

let private latents =
    test "moments that are zero for so few latent steps are said" {
        withTiny (fun folder ->
            let steps count options output =
                (distill folder 1 output |> withOption "--latent-steps" count) @ options

            let order = "so that the order term teaches nothing"

            warns
                [
                    "the covariance of a single step is zero"
                    $"--latent-steps 1: the statistic of --order lag-1 is zero for so few steps, {order}"
                ]
                (steps "1" [ "--order"; "lag-1" ] "a")

            warns [ order ] (steps "2" [ "--order"; "third" ] "b")
            warns [] (steps "2" [ "--order"; "lag-1" ] "c")
            warns [] (steps "1" [ "--covariance"; "off" ] "d"))
    }

/// The tiny folder's model with a table of 24 positions.
let private ofGpt2 (check: string -> unit) =
    withTiny (fun folder ->
        let config =
            DecoderConfig(
                Family = DecoderFamily.Gpt2,
                HiddenSize = 16,
                IntermediateSize = 24,
                Layers = 2,
                QueryHeads = 2,
                KeyValueHeads = 2,
                HeadSize = 8,
                VocabularySize = 15,
                NormEpsilon = 1e-5,
                RotaryBase = 0.0,
                TiedHead = true,
                MaxPositions = 24,
                QueryKeyValueBias = true,
                OutputBias = true,
                FeedForwardBias = true,
                EosIds = [| 1 |]
            )

        writeRandom (path folder "model") config "none" 0 1
        File.Delete(path folder "model/lori.json")
        check folder)

/// The short rows, and a long one whose question is held out where `heldOut`.
let private withLong heldOut (folder: string) =
    let short =
        File.ReadAllLines(path folder "data.jsonl") |> List.ofArray |> List.distinct

    let long length =
        row (String.replicate length "1 ") "1 + 1 = 2" "2"

    let isHeld line =
        let set =
            LoRi.Files.Data.ReasoningData.Read(file folder "one.jsonl" (line + "\n"), LoRi.Files.Data.DataOptions())

        let struct (_, held) = LoRi.Files.Data.DataSplit.ByQuestion(set.Examples, 0.4)
        held.Count = 1

    let one =
        Seq.initInfinite (fun i -> long (40 + i)) |> Seq.find (fun line -> isHeld line = heldOut)

    write folder (List.truncate 10 short @ [ one ])

let private tooLong =
    [
        for heldOut in [ false; true ] ->
            test $"a row longer than the table is named before the first step, held out: {heldOut}" {
                ofGpt2 (fun folder ->
                    withLong heldOut folder

                    let place =
                        path folder "data.jsonl" + ", line 11" + (if heldOut then ", held out" else "")

                    let command name =
                        name folder 4 "run" @ [ "--validation-fraction"; "0.4"; "--eval-every"; "2" ]

                    for name in [ teach; distill ] do
                        for options in [ []; [ "--resume" ]; [ "--dry-run" ] ] do
                            refused
                                $"({place}), but the model has a table of 24 positions; leave such rows out with --max-tokens 24"
                                folder
                                (command name @ options)

                    succeed (lori (command teach @ [ "--max-tokens"; "24" ])))
            }
    ]

let private leftOut =
    test "trajectories leaves out what the table has no room for, whatever --max-tokens says" {
        ofGpt2 (fun folder ->
            withLong false folder

            for options in [ []; [ "--max-tokens"; "1000" ] ] do
                let found =
                    loriJson (
                        [
                            "trajectories"
                            "--json"
                            "--threads"
                            "1"
                            "--model"
                            path folder "model"
                            "--data"
                            path folder "data.jsonl"
                            "--output"
                            path folder "t.safetensors"
                        ]
                        @ options
                    )

                Expect.equal (found.GetProperty("too_long").GetInt32()) 1 "counted")
    }

let private bare =
    test "a method that learns from rationales refuses data without any" {
        withTiny (fun folder ->
            write folder [ for index in 1..4 -> row $"What is {index}?" "" (string index) ]

            for method in LoRi.Training.KnownMethods.Students |> Seq.map _.About do
                if method.NeedsRationale && not method.HasFrozenTeacher then
                    refused
                        $"none of the 4 rows has a rationale, and --method {method.Name} learns from those"
                        folder
                        [
                            "distill"
                            "--method"
                            method.Name
                            "--model"
                            path folder "model"
                            "--data"
                            path folder "data.jsonl"
                            "--output"
                            path folder "run"
                        ])
    }

[<Tests>]
let tests =
    testList "Degenerate data" ([ batches; copies; late; still; few; latents; leftOut; bare ] @ tooLong)
