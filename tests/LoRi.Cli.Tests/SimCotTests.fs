/// SIM-CoT as a user has it: training by either method, with adapters and without, what it says before and after, and what latent
/// steps say where the auxiliary decoder is kept.
module LoRi.Cli.Tests.SimCotTests

open System
open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Files.Safetensors
open LoRi.Models.ModelFiles
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyEvaluation
open LoRi.Cli.Tests.TinyRun

let private withSteps check =
    withTiny (fun folder ->
        writeSteps (path folder "data.jsonl") 3L 40
        check folder)

let private bases = [ "on codi", false; "on coconut", true ]

/// Every tensor of a file, by its name.
let private tensors file =
    use file = SafetensorsFile.Open file
    Map [ for entry in file.Entries -> entry.Name, file.ReadDoubles entry.Name ]

let private losses run =
    [
        for line in File.ReadAllLines(path run "metrics.jsonl") ->
            (JsonDocument.Parse line).RootElement.GetProperty("explain").GetDouble()
    ]

let private explain run rest =
    [
        "generate"
        "--model"
        run
        "--prompt"
        "1 + 2 + 3 ="
        "--explain"
        "--threads"
        "1"
    ]
    @ rest

/// The card has the latent steps, the folder the decoder at the base's own vocabulary, and the explanations became likelier.
let private trains name onCoconut =
    test $"{name}: the card says the latent steps, and the decoder lies beside it where it is kept" {
        withSteps (fun folder ->
            succeed (lori (simCot onCoconut folder 30 "run"))
            let run = path folder "run"
            let found = losses run
            Expect.isLessThan (List.last found) (List.head found) "explanations"
            let card = nonNull (ModelLoader.Card run)
            Expect.equal card.Method "sim-cot" "method"
            Expect.equal card.LatentSteps 2 "latent steps"
            Expect.isTrue card.HasAuxiliaryDecoder "parts"
            Expect.equal card.ExplainedSteps (Nullable 2) "steps of a chain that rows had"
            let decoder = tensors (path run "final/parts/decoder.safetensors")
            let student = tensors (path run "final/model.safetensors")
            let table = "model.embed_tokens.weight"
            let basis = tensors (path folder "model/model.safetensors")
            Expect.equal decoder["decoder." + table].Length basis[table].Length "its own vocabulary"
            Expect.isGreaterThan student[table].Length basis[table].Length "the student's has the markers' rows"

            let config =
                JsonDocument.Parse(File.ReadAllText(path run "config.json")).RootElement

            let has (key: string) = fst (config.TryGetProperty key)

            Expect.equal (has "latent_steps", has "last_stage") (not onCoconut, onCoconut) "settings in force")
    }

let private leavesNothing =
    test "a decoder that is not kept leaves nothing behind" {
        withSteps (fun folder ->
            let command = simCot false folder 2 "run" |> List.filter ((<>) "--keep-decoder")
            succeed (lori command)
            Expect.isFalse (Directory.Exists(path folder "run/final/parts")) "parts"
            Expect.isFalse (nonNull (ModelLoader.Card(path folder "run"))).HasAuxiliaryDecoder "card"
            expectError Failed "has no auxiliary decoder beside it; train one with" (explain (path folder "run") []))
    }

let private adapters name onCoconut =
    test $"{name}: with adapters the base stays, and the auxiliary decoder is trained whole" {
        withSteps (fun folder ->
            let outcome =
                succeeded (lori (simCot onCoconut folder 3 "run" @ [ "--lora-rank"; "2"; "--lora-alpha"; "4" ]))

            Expect.stringContains outcome.Error " of the decoder; the base is frozen" "what is trained"

            let start =
                if onCoconut then
                    path folder "coconut/final"
                else
                    path folder "model"

            let basis = tensors (path start "model.safetensors")
            let decoder = tensors (path folder "run/final/parts/decoder.safetensors")
            let norm = "model.norm.weight"
            let merged = tensors (path folder "run/final/model.safetensors")
            Expect.equal merged[norm] basis[norm] "a frozen weight"
            Expect.notEqual decoder["decoder." + norm] basis[norm] "a weight of the decoder"
            // The adapter alone says as much as the merged model.
            let adapter = path folder "run/final/adapter"

            let whole = loriJson (explain (path folder "run") [ "--json" ])
            let attached = loriJson (explain start [ "--adapter"; adapter; "--json" ])
            Expect.equal (attached.GetRawText()) (whole.GetRawText()) "answer and explanations")
    }

/// The auxiliary decoder starts from the named weights: before any update its loss is theirs.
let private otherStart =
    test "the auxiliary decoder starts from the weights that --decoder names" {
        withSteps (fun folder ->
            let still name rest =
                succeed (lori ((simCot true folder 1 name |> withOption "--learning-rate" "1e-12") @ rest))

                tensors (path folder $"{name}/final/parts/decoder.safetensors")

            let own = still "own" []
            let other = still "other" [ "--decoder"; path folder "model" ]
            let basis = tensors (path folder "model/model.safetensors")
            let student = tensors (path folder "coconut/final/model.safetensors")
            let norm = "model.norm.weight"

            let near (a: float[]) (b: float[]) =
                Array.map2 (fun a b -> abs (a - b)) a b |> Array.max < 1e-6

            Expect.isTrue (near own["decoder." + norm] student[norm]) "the student's"
            Expect.isTrue (near other["decoder." + norm] basis[norm]) "the named ones"
            Expect.isFalse (near basis[norm] student[norm]) "which differ")
    }

let private estimated =
    test "a dry run and inspect count the auxiliary decoder" {
        withSteps (fun folder ->
            let outcome = succeeded (lori (simCot false folder 3 "run" @ [ "--dry-run" ]))
            Expect.stringContains outcome.Error ", decoder " "the estimate"
            let report = loriJson [ "inspect"; path folder "model"; "--json" ]

            let bytes usage =
                [
                    for row in report.GetProperty("memory").EnumerateArray() do
                        if text "use" row = usage && text "trained" row = "all" && text "dtype" row = "float32" then
                            row.GetProperty("bytes").GetDouble()
                ]
                |> List.exactlyOne

            let weights =
                4.0 * 4.0 * report.GetProperty("model").GetProperty("parameters").GetDouble()

            Expect.isGreaterThan (bytes "sim-cot") (bytes "codi" + weights) "four times its weights")
    }

/// A shape that no machine has room for is refused before its weights are looked for.
let private tooLarge =
    test "two models that do not fit are refused before weights are read" {
        withSteps (fun folder ->
            let config = path folder "model/config.json"
            let json = nonNull (Nodes.JsonNode.Parse(File.ReadAllText config))
            json["intermediate_size"] <- Nodes.JsonValue.Create 16_777_216
            json["num_hidden_layers"] <- Nodes.JsonValue.Create 4096
            File.WriteAllText(config, json.ToJsonString())
            let outcome = lori (simCot false folder 3 "run")
            Expect.equal outcome.Code Failed outcome.Error
            let last = Array.last (outcome.Error.TrimEnd('\n').Split '\n')
            Expect.stringContains last "--method sim-cot: model " "what"
            Expect.stringContains last ", decoder " "with what beside it"
            Expect.stringContains last "of memory, and " "how much"
            Expect.stringContains last "take smaller models, or adapters with --lora-rank" "what to do")
    }

let private resumedAt name onCoconut =
    test $"{name}: a run that is stopped ends as if it had not been" {
        withSteps (fun folder ->
            succeed (lori (simCot onCoconut folder 6 "whole"))
            succeed (lori (simCot onCoconut folder 6 "half" @ [ "--checkpoint-every"; "3" ]))
            Directory.Delete(path folder "half/final", true)
            Directory.Delete(path folder "half/checkpoints/step-000006", true)
            succeed (lori (simCot onCoconut folder 6 "half" @ [ "--resume" ]))
            Expect.equal (finalFiles (path folder "half")) (finalFiles (path folder "whole")) "every file")
    }

/// A decoder that comes to no end is cut, which is said; one that has learnt the end is not.
let private cut =
    test "an explanation that comes to no end is cut, and marked" {
        withSteps (fun folder ->
            succeed (lori (simCot false folder 1 "run" |> withOption "--learning-rate" "1e-12"))
            let run = path folder "run"
            let answer = loriJson (explain run [ "--json" ])

            for one in answer.GetProperty("explanations").EnumerateArray() do
                let length = one.GetProperty("ids").GetArrayLength()
                Expect.equal (one.GetProperty("cut").GetBoolean()) (length = 64) "cut where it is as long as it may be"

            let cut =
                answer.GetProperty("explanations").EnumerateArray()
                |> Seq.filter (fun one -> one.GetProperty("cut").GetBoolean())
                |> Seq.length

            Expect.isGreaterThan cut 0 "an untrained decoder goes on and on"

            let marks =
                (succeeded (lori (explain run []))).Out.Split("cut after 64 tokens)").Length - 1

            Expect.equal marks cut "on the screen")
    }

let private inspected =
    test "inspect tells of a kept decoder and its size, in a run and in an export" {
        withSteps (fun folder ->
            succeed (lori (simCot false folder 2 "run"))
            let run, exported = path folder "run", path folder "exported"
            succeed (lori [ "export"; "--model"; run; "--output"; exported ])

            for place, final in [ run, path run "final"; exported, exported ] do
                let size =
                    LoRi.Files.Text.MessageText.Bytes((FileInfo(path final "parts/decoder.safetensors")).Length)

                Expect.stringContains
                    (succeeded (lori [ "inspect"; place ])).Out
                    $"parts/decoder.safetensors, {size}, is the auxiliary decoder"
                    place

            File.Delete(path exported "parts/decoder.safetensors")
            let outcome = lori [ "inspect"; exported ]
            Expect.equal outcome.Code Failed outcome.Out
            Expect.stringContains outcome.Error "parts/decoder.safetensors is not there" "what is missing")
    }

/// What is said is shown by generate and on the page, and an exported folder elsewhere says the same.
let private says name onCoconut =
    test $"{name}: what latent steps say is shown by generate, by report, and by what was exported" {
        withSteps (fun folder ->
            succeed (lori (simCot onCoconut folder 20 "run"))
            let run = path folder "run"
            let answer = loriJson (explain run [ "--json" ])
            let said = [ for one in answer.GetProperty("explanations").EnumerateArray() -> one ]
            let names = [ for one in said -> text "latents" one ]

            let wanted =
                [
                    "latent step 1"
                    "latent step 2"
                    if not onCoconut then
                        "after the last latent step"
                ]

            Expect.equal names wanted "which latents"
            let screen = (succeeded (lori (explain run []))).Out

            for one in said do
                Expect.stringContains screen $"""  {text "latents" one}: {(text "text" one).Trim()}""" "on the screen"

            // Every chain has two steps: what the state after the last latent step should say, no row taught.
            let taught =
                [
                    for one in said -> text "latents" one, one.GetProperty("taught").GetBoolean()
                ]

            Expect.equal taught [ for name in names -> name, name.StartsWith "latent step" ] "which were taught"
            let marks = screen.Split("(no training row had a step for it").Length - 1
            Expect.equal marks (names.Length - 2) "marked on the screen"

            let page = path folder "page.html"
            succeed (lori [ "report"; run; "--questions"; "1"; "--output"; page ])
            Expect.stringContains (File.ReadAllText page) "latent step 1, said" "on the page"
            let exported = path folder "exported"
            succeed (lori [ "export"; "--model"; run; "--output"; exported ])
            let elsewhere = loriJson (explain exported [ "--json" ])
            Expect.equal (elsewhere.GetRawText()) (answer.GetRawText()) "elsewhere"

            expectError
                Failed
                "--explain and --latent-steps 1 contradict each other"
                (explain run [ "--latent-steps"; "1" ]))
    }

/// An imported model of Coconut does not say how many latents stand for a step; with that it goes on as a run does.
let private imported =
    test "on coconut an imported model goes on, once it is said how many latent steps stand for a step" {
        withSteps (fun folder ->
            let basis = path folder "model"
            let checkpoint, model = path folder "published.safetensors", path folder "imported"

            let rows: PublishedCheckpoints.Tensor =
                {
                    Shape = [ 3L; 16L ]
                    Values = Array.init 48 (fun at -> 0.1 * sin (float at))
                }

            PublishedCheckpoints.write checkpoint (PublishedCheckpoints.coconut basis rows)

            succeed (
                lori
                    [
                        yield! [ "import"; "--checkpoint"; checkpoint; "--base"; basis ]
                        yield! [ "--output"; model; "--latent-steps"; "4" ]
                    ]
            )

            let command options output =
                [
                    yield!
                        [
                            "distill"
                            "--method"
                            "sim-cot"
                            "--on"
                            "coconut"
                            "--keep-decoder"
                            "--model"
                            model
                        ]
                    yield! options
                    yield! training folder 3 output
                ]

            let refused text options =
                let outcome = lori (command options "refused")
                Expect.equal outcome.Code Failed outcome.Error
                Expect.stringContains outcome.Error text "why"

            refused "does not say how many of its 4 latent steps stand for one step of the chain" []
            refused "--latents-per-step 3: does not divide the 4 latent steps" [ "--latents-per-step"; "3" ]
            succeed (lori (command [ "--latents-per-step"; "2" ] "run"))
            let card = nonNull (ModelLoader.Card(path folder "run"))
            let latents = (nonNull card.Reasoning.Latents).ToJsonString()
            Expect.equal latents """{"kind":"sequential","steps":4,"per_step":2}""" "card"

            let table (place: string) =
                (tensors (path place "model.safetensors")).["model.embed_tokens.weight"]

            let start, found = table model, table (path folder "run/final")
            Expect.equal found.Length start.Length "no further rows"
            let marker = words.Length * 16

            let moved =
                Array.map2 (fun a b -> abs (a - b)) found[marker .. marker + 31] start[marker .. marker + 31]

            Expect.isLessThan (Array.max moved) 0.1 "its markers are learned further, not made anew")
    }

let private otherSteps =
    test "latent steps of a coconut run stay" {
        withSteps (fun folder ->
            let outcome = lori (simCot true folder 2 "run" @ [ "--last-stage"; "3" ])
            Expect.equal outcome.Code Failed outcome.Error
            Expect.stringContains outcome.Error "was trained with --last-stage 2, and its latent steps stay" "why")
    }

[<Tests>]
let tests =
    testList
        "SIM-CoT on the command line"
        [
            for name, onCoconut in bases do
                trains name onCoconut
                adapters name onCoconut
                resumedAt name onCoconut
                says name onCoconut
            leavesNothing
            otherStart
            estimated
            tooLarge
            cut
            inspected
            imported
            otherSteps
        ]
