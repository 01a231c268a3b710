/// Published methods through the command line: forms of rows and their teachers, several models in one run, courses that end too soon.
module LoRi.Cli.Tests.PeerCommandTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Files.Safetensors
open LoRi.Files.Text
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Reasoning
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

let private path (folder: string) (name: string) = Path.Combine(folder, name)

let private taught folder (form: string) =
    succeed (lori (teach folder 2 "teacher" @ [ "--form"; form ]))
    path folder "teacher"

let private distill (name: string) options folder steps =
    (succeeded (lori ([ "distill"; "--method"; name ] @ options @ training folder steps "run"))).Error

let private card (run: string) =
    JsonDocument.Parse(File.ReadAllText(path run "final/lori.json")).RootElement

let private formed =
    test "a teacher writes its chains in the form that it is trained in, and its card says so" {
        for form, ends in [ "plain", 1; "coconut", 1; "icot", 2 ] do
            withTiny (fun folder ->
                let card = card (taught folder form)
                Expect.equal (text "form" card) form "form"
                Expect.equal (card.GetProperty("stop_after_ends").GetInt32()) ends "ends of an answer")
    }

let private warned =
    test "a form that is not known, or is another one than the start's, is said" {
        withTiny (fun folder ->
            let model = path folder "model"
            let plain = distill "icot-kd" [ "--teacher"; model; "--model"; model ] folder 1
            Expect.stringContains plain "has no lori.json that tells its form" "a plain checkpoint"
            Directory.Delete(path folder "run", true)

            let fitting =
                distill "icot-kd" [ "--teacher"; taught folder "icot"; "--model"; model ] folder 1

            Expect.isFalse (fitting.Contains " form ") "a teacher in the form that is asked for"
            Directory.Delete(path folder "run", true)
            let other = distill "coconut" [ "--teacher"; path folder "teacher" ] folder 1
            Expect.stringContains other "was trained in the form icot, and goes on in the form coconut" "another form"
            Directory.Delete(path folder "run", true)
            Directory.Delete(path folder "teacher", true)
            let chains = [ "--teacher"; taught folder "coconut"; "--first-stage"; "1" ]
            Expect.isFalse ((distill "coconut" chains folder 1).Contains "the form ") "chains of its own form")
    }

/// Bytes of all slots in float32, in words.
let private weights (slots: ParameterSlot seq) =
    MessageText.Bytes(4L * (slots |> Seq.sumBy _.Count))

let private counted =
    test "a dry run names every model and stage of icot-kd, and leaves nothing" {
        withTiny (fun folder ->
            let model = path folder "model"
            let options = [ "--teacher"; model; "--model"; model; "--dry-run" ]
            let log = distill "icot-kd" options folder 2
            let shape = ModelLoader.Shape model
            let reasoning: IReasoning = SubstitutedReasoning(1, 0.05, shape.VocabularySize)
            let basis = weights (DecoderLayout.Slots(shape, 0))

            let modules =
                [ for part in reasoning.Modules shape -> $"{part.Name} {weights part.Slots}" ]

            let parts = String.concat ", " modules
            Expect.stringContains log $"models: model {basis}, {parts}, frozen teacher {basis}" "models"

            for stage in [ "student"; "emulator"; "coupled" ] do
                Expect.stringContains log $"stage {stage}:" "stages"

            Expect.isFalse (Directory.Exists(path folder "run")) "nothing is left")
    }

let private inspected =
    test "inspect counts the models that a method holds" {
        withTiny (fun folder ->
            let found = loriJson [ "inspect"; path folder "model"; "--json" ]

            let bytes (name: string) =
                found.GetProperty("memory").EnumerateArray()
                |> Seq.find (fun row ->
                    text "use" row = name && text "dtype" row = "float32" && text "trained" row = "all")
                |> fun row -> row.GetProperty("bytes").GetInt64()

            let shape = ModelLoader.Shape(path folder "model")
            let reasoning: IReasoning = SubstitutedReasoning(1, 0.05, shape.VocabularySize)

            let slots =
                [
                    for part in reasoning.Modules shape do
                        yield! part.Slots
                ]

            let trained = slots |> List.filter _.Trained |> List.sumBy _.Count
            let frozen = (slots |> List.sumBy _.Count) - trained
            let teacher = DecoderLayout.Slots(shape, 0) |> Seq.sumBy _.Count
            // Weights, gradients and two moments of what is trained, weights of the rest: beside what answering at once needs.
            Expect.equal (bytes "icot-kd" - bytes "no-cot") (4L * (4L * trained + frozen + teacher)) "bytes")
    }

let private parts =
    test "inspect tells of the parts that an answer needs, and counts them" {
        withTiny (fun folder ->
            let model = path folder "model"
            distill "icot-kd" [ "--teacher"; model; "--model"; model ] folder 1 |> ignore
            let run = path folder "run"

            let bytes (place: string) =
                (loriJson [ "inspect"; place; "--json" ]).GetProperty("memory").EnumerateArray()
                |> Seq.find (fun row -> text "use" row = "generate" && text "dtype" row = "float32")
                |> fun row -> row.GetProperty("bytes").GetInt64()

            let reasoning: IReasoning = SubstitutedReasoning(1, 0.05, words.Length)

            let values =
                [
                    for part in reasoning.Modules(ModelLoader.Shape model) do
                        yield! part.Slots
                ]
                |> List.sumBy _.Count

            Expect.equal (bytes run - bytes model) (4L * values) "an answer takes the emulator and the maps as well"
            let outcome = lori [ "inspect"; run ]
            Expect.equal outcome.Code Success outcome.Error

            for part in [ "emulator"; "student" ] do
                let size =
                    MessageText.Bytes((FileInfo(path run $"final/parts/{part}.safetensors")).Length)

                Expect.stringContains outcome.Out $"parts/{part}.safetensors, {size}, is needed to answer" part)
    }

/// A shape that no machine has room for is refused before its weights are looked for.
let private tooLarge =
    test "three models that do not fit are refused before weights are read" {
        withTiny (fun folder ->
            let config = path folder "model/config.json"
            let json = nonNull (Nodes.JsonNode.Parse(File.ReadAllText config))
            json["intermediate_size"] <- Nodes.JsonValue.Create 16_777_216
            json["num_hidden_layers"] <- Nodes.JsonValue.Create 4096
            File.WriteAllText(config, json.ToJsonString())
            let model = path folder "model"

            let outcome =
                lori (
                    [ "distill"; "--method"; "icot-kd"; "--teacher"; model; "--model"; model ]
                    @ training folder 1 "run"
                )

            Expect.equal outcome.Code Failed outcome.Error
            let last = Array.last (outcome.Error.TrimEnd('\n').Split '\n')
            Expect.stringContains last "--method icot-kd: model " "what"
            Expect.stringContains last ", frozen teacher " "with what beside it"
            Expect.stringContains last "of memory, and " "how much")
    }

let private kept =
    test "every stage of icot-kd ends with its best weights where those are asked for, and a report tells of it" {
        withTiny (fun folder ->
            let model = path folder "model"
            let best = [ "--validation-fraction"; "0.3"; "--keep"; "best"; "--eval-every"; "2" ]

            let log =
                distill "icot-kd" ([ "--teacher"; model; "--model"; model ] @ best) folder 4

            Expect.equal (log.Split("are kept, whose validation task loss").Length - 1) 3 "once a stage"
            let card = card (path folder "run")
            Expect.equal (text "kept" (card.GetProperty "trained")) "best" "kept"
            Expect.equal (text "stage" (card.GetProperty "trained")) "coupled" "stage"
            Expect.equal (text "mode" card) "substituted" "mode"
            succeed (lori [ "report"; path folder "run" ])
            let page = File.ReadAllText(path folder "run/report.html")
            Expect.stringContains page "states" "the emulator's term")
    }

let private tooSoon =
    test "a course that ends before its chains are gone says so" {
        withTiny (fun folder ->
            let model = [ "--model"; path folder "model" ]

            let runs =
                [
                    "coconut",
                    [ "--last-stage"; "2"; "--epochs-per-stage"; "0.1" ],
                    2,
                    Some "the run ends in stage 1 of 3"
                    "coconut", [ "--last-stage"; "2"; "--epochs-per-stage"; "0.1" ], 12, None
                    "icot-si", [ "--remove-per-epoch"; "10" ], 3, Some "the run ends with 2 tokens removed"
                    "icot-si", [ "--remove-per-epoch"; "10"; "--remove-all-from"; "2" ], 3, None
                ]

            for name, options, steps, wanted in runs do
                let log = distill name (model @ options) folder steps
                let found = if log.Contains "the run ends" then Some log else None

                match wanted, found with
                | Some text, Some log -> Expect.stringContains log text name
                | None, None -> ()
                | _ -> failtest $"{name}: {log}"

                Directory.Delete(path folder "run", true))
    }

let private otherSteps =
    test "another number of latent steps than the card's stands in the evaluation" {
        withTiny (fun folder ->
            distill "pccot" [ "--model"; path folder "model"; "--latent-steps"; "2"; "--sweeps"; "2" ] folder 2
            |> ignore

            let evaluate options (output: string) =
                let log =
                    (succeeded (
                        lori (
                            [
                                "evaluate"
                                "--model"
                                path folder "run"
                                "--data"
                                path folder "data.jsonl"
                                "--limit"
                                "2"
                            ]
                            @ [ "--output"; path folder output; "--threads"; "1" ]
                            @ options
                        )
                    ))
                        .Error

                log, JsonDocument.Parse(File.ReadAllText(path folder (output + "/evaluation.json"))).RootElement

            let log, own = evaluate [] "own"
            Expect.isFalse (log.Contains "--latent-steps") "nothing to say"
            Expect.notEqual (own.GetProperty("latent_steps_trained").ValueKind) JsonValueKind.Number "the same number"
            let log, other = evaluate [ "--latent-steps"; "3" ] "other"
            Expect.stringContains log "--latent-steps 3: the model was trained with 2" "said"
            Expect.equal (other.GetProperty("latent_steps_trained").GetInt32()) 2 "trained"
            Expect.equal (other.GetProperty("latent_steps").GetInt32()) 3 "asked"
            let generate = [ "generate"; "--model"; path folder "run"; "--prompt"; "1 + 2 =" ]

            Expect.stringContains
                (succeeded (lori (generate @ [ "--latent-steps"; "3" ]))).Error
                "trained with 2"
                "an answer")
    }

/// A matrix of an adapter's file.
let private adapterRows (run: string) =
    use file = SafetensorsFile.Open(path run "final/adapter/adapter_model.safetensors")

    let rows =
        file.Entries |> Seq.filter (fun entry -> entry.Name.Contains "trainable_tokens")

    let entry = Seq.exactlyOne rows
    List.ofSeq entry.Shape, file.ReadDoubles entry.Name

let private markerRows =
    test
        "rows of markers beside adapters are trained, or stay as they begin, and answer the same from the adapter alone" {
        withTiny (fun folder ->
            let train (name: string) steps options output =
                (succeeded (
                    lori (
                        [
                            "distill"
                            "--method"
                            name
                            "--model"
                            path folder "model"
                            "--latent-steps"
                            "2"
                        ]
                        @ [ "--lora-rank"; "2" ]
                        @ options
                        @ training folder steps output
                    )
                ))
                    .Error

            let rows (name: string) steps options =
                let output = $"{name}-{steps}-{List.length options}"
                train name steps options output |> ignore
                adapterRows (path folder output)

            let frozen = [ "--marker-rows"; "frozen" ]
            Expect.equal (rows "codi" 6 frozen) (rows "codi" 1 frozen) "frozen"
            Expect.notEqual (snd (rows "codi" 6 [])) (snd (rows "codi" 1 [])) "trained"
            let log = train "codi" 1 frozen "told"
            Expect.stringContains log " 0 of marker rows" "the count"

            let answer options =
                (loriJson ([ "generate"; "--prompt"; "1 + 2 ="; "--max-new-tokens"; "6"; "--json" ] @ options))
                    .GetProperty("ids")
                    .GetRawText()

            Expect.equal
                (answer
                    [
                        "--model"
                        path folder "model"
                        "--adapter"
                        path folder "codi-6-2/final/adapter"
                    ])
                (answer [ "--model"; path folder "codi-6-2" ])
                "the same answer"

            expectError
                BadUsage
                "give --lora-rank as well"
                [
                    yield! [ "distill"; "--method"; "codi"; "--model"; path folder "model" ]
                    yield! frozen
                    yield! training folder 1 "refused"
                ])
    }

let private ends =
    test "pccot trains the end of sequence beside its markers, as the published code does" {
        withTiny (fun folder ->
            for name, rows in [ "pccot", 4L; "kava", 3L ] do
                let options =
                    [
                        "--model"
                        path folder "model"
                        "--latent-steps"
                        "2"
                        "--sweeps"
                        "2"
                        "--lora-rank"
                        "2"
                    ]

                distill name options folder 1 |> ignore
                let shape, _ = adapterRows (path folder "run")
                Expect.equal shape.Head rows name
                Directory.Delete(path folder "run", true))
    }

[<Tests>]
let tests =
    testList
        "Peers"
        [
            formed
            warned
            counted
            inspected
            parts
            tooLarge
            kept
            tooSoon
            otherSteps
            markerRows
            ends
        ]
