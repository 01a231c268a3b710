/// Exports of every method in transformers and peft themselves: by the code of its card each writes what `lori generate` writes.
module LoRi.Cli.Tests.TransformersTests

open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open Expecto
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.MethodCommands
open LoRi.Cli.Tests.PythonRunning
open LoRi.Cli.Tests.TinyRun
open LoRi.Models.Decoders
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Tests

let private mostTokens = 8
let private steps = 6
let private questions = [ "1 + 2 + 3 ="; "3"; "9 + 8 = 5" ]
let private baseName = "someone/tiny"

type private Case =
    {
        Family: string
        Config: DecoderConfig
        Method: MethodFacts
        Adapters: bool
    }

    member case.Name =
        let form = if case.Adapters then "an adapter" else "all weights"
        $"{case.Method.Name}, {case.Family}, {form}"

/// Methods whose ways of reasoning differ, which are trained on every family; the others are on the first.
let private everywhere = set [ "lori"; "pccot"; "icot-kd"; "cot" ]

let private cases =
    [
        for at, (family, config) in List.indexed RandomStudents.families do
            for method in KnownMethods.All do
                for adapters in [ false; true ] do
                    if at = 0 || everywhere.Contains method.About.Name then
                        {
                            Family = family
                            Config = config
                            Method = method.About
                            Adapters = adapters
                        }
    ]

let private succeed arguments = Running.succeed (lori arguments)

let private train (folder: string) case output =
    let options = if case.Adapters then [ "--lora-rank"; "2" ] else []

    if case.Method.IsStudent then
        distilBy case.Method folder @ options @ training folder steps output
    else
        [ "teach"; "--model"; Path.Combine(folder, "model") ]
        @ options
        @ training folder steps output

/// Trains and exports; the export's folder.
let private exported (folder: string) at case =
    let run, out = $"run-{at}", Path.Combine(folder, $"out-{at}")
    EveryMethodTests.writeSteps (Path.Combine(folder, "data.jsonl"))
    succeed (train folder case run)
    let form = if case.Adapters then "adapter" else "merged"

    succeed
        [
            yield! [ "export"; "--model"; Path.Combine(folder, run); "--output"; out ]
            yield! [ "--form"; form; "--base-model"; baseName ]
        ]

    out

let private answer case (folder: string) (out: string) (question: string) =
    let model =
        if case.Adapters then
            [ "--model"; Path.Combine(folder, "model"); "--adapter"; out ]
        else
            [ "--model"; out ]

    let found =
        loriJson (
            [ "generate"; "--prompt"; question; "--max-new-tokens"; string mostTokens ]
            @ model
            @ [ "--threads"; "1"; "--json" ]
        )

    [ for id in found.GetProperty("ids").EnumerateArray() -> id.GetInt32() ]

let private exports (folder: string) =
    [
        for family, cases in List.groupBy _.Family cases do
            let own = Directory.CreateDirectory(Path.Combine(folder, family)).FullName
            RandomStudents.writeBase (Path.Combine(own, "model")) cases.Head.Config 7L

            for at, case in List.indexed cases do
                let out = exported own at case
                case, own, out, List.map (answer case own out) questions
    ]

/// What Python wrote for every case and what `lori` wrote for it.
let private compared =
    lazy
        (let folder = Directory.CreateTempSubdirectory("lori-transformers").FullName

         try
             pythonWithLibraries folder [ "-c"; "" ] "" |> ignore
             let exports = exports folder

             let asked =
                 JsonSerializer.Serialize
                     [
                         for _, own, out, _ in exports ->
                             {|
                                 folder = out
                                 ``base`` = Path.Combine(own, "model")
                                 name = baseName
                                 questions = questions
                                 tokens = mostTokens
                             |}
                     ]

             let found =
                 JsonDocument.Parse(pythonWithLibraries folder [ script "exports.py" ] asked).RootElement

             Map.ofList
                 [
                     for (case, _, _, ids), found in Seq.zip exports (found.EnumerateArray()) ->
                         case.Name, (found.Clone(), ids)
                 ]
         finally
             Directory.Delete(folder, true))

let private rows (name: string) (found: JsonElement) =
    [
        for row in found.GetProperty(name).EnumerateArray() -> [ for id in row.EnumerateArray() -> id.GetInt32() ]
    ]

let private sameIds (case: Case) =
    test case.Name {
        let found, expected = compared.Value[case.Name]
        Expect.equal (text "class" found) "LoRiForCausalLM" "the class of the folder"
        Expect.equal (rows "alone" found) expected "one by one"
        Expect.equal (rows "again" found) expected "saved and loaded again"

        DecoderConfig.FromJson(nonNull (JsonObject.Create(found.GetProperty "saved")), "config.json")
        |> ignore

        Expect.equal (rows "uncached" found) expected "without keys and values"

        if case.Adapters then
            Expect.equal (rows "peft" found) expected "through the model that peft made"
        else
            let piped = rows "piped" found
            Expect.isGreaterThan piped.Head.Length 1 "a pipeline writes"
            Expect.equal piped.Head piped[1] "as the model does"

        let width = List.max [ for row in expected -> row.Length ]

        let filled =
            [ for row in expected -> row @ List.replicate (width - row.Length) eos ]

        for side in [ "left"; "right" ] do
            Expect.equal (rows side found) filled $"padded {side}"

        let counts (name: string) =
            SharedFiles.ints (found.GetProperty name) |> List.ofArray

        Expect.equal (counts "beams") [ 2 * questions.Length ] "two of the best for each"
        Expect.equal (counts "sampled") [ questions.Length ] "samples"
        let half = found.GetProperty "half"
        Expect.equal (half[0].GetString()) "torch.bfloat16" "the type that was asked for"
        Expect.isGreaterThan (half[1].GetInt32()) 0 "it writes"
    }

/// Rounded matrices, and the same in memory: what is multiplied is widened there as it is here.
let private widened =
    test "weights of bfloat16 in float32" {
        withTiny (fun folder ->
            let case = cases.Head
            let out = Path.Combine(folder, "halved")
            EveryMethodTests.writeSteps (Path.Combine(folder, "data.jsonl"))
            succeed (train folder case "run")
            let export = [ "export"; "--model"; Path.Combine(folder, "run"); "--output"; out ]
            succeed (export @ [ "--dtype"; "bfloat16"; "--base-model"; baseName ])

            let asked =
                JsonSerializer.Serialize
                    {|
                        folder = out
                        questions = questions
                        tokens = mostTokens
                    |}

            let found =
                JsonDocument.Parse(pythonWithLibraries folder [ script "widened.py" ] asked).RootElement

            Expect.equal (text "dtype" found) "torch.float32" "the type that was asked for"
            Expect.equal (rows "ids" found) (List.map (answer case folder out) questions) "the same ids")
    }

let private header =
    test "the header of a card is what the Hub's library reads" {
        withTiny (fun folder ->
            let path (name: string) = Path.Combine(folder, name)
            succeed (distill folder 4 "run")

            succeed
                [
                    yield! [ "evaluate"; "--model"; path "run"; "--data"; path "data.jsonl" ]
                    yield! [ "--output"; path "evaluation"; "--threads"; "1"; "--limit"; "8" ]
                ]

            succeed
                [
                    yield! [ "export"; "--model"; path "run"; "--output"; path "out" ]
                    yield!
                        [
                            "--evaluation"
                            path "evaluation" + "=someone/sums"
                            "--dataset"
                            "someone/sums"
                        ]
                    yield!
                        [
                            "--base-model"
                            baseName
                            "--license"
                            "apache-2.0"
                            "--language"
                            "en"
                            "de"
                        ]
                ]

            let found =
                JsonDocument
                    .Parse(pythonWithLibraries folder [ script "card.py"; path "out/README.md" ] "")
                    .RootElement

            let accuracy =
                JsonDocument
                    .Parse(File.ReadAllText(path "evaluation/evaluation.json"))
                    .RootElement.GetProperty("accuracy")
                    .GetDouble()

            for name, expected in
                [
                    "library_name", "\"transformers\""
                    "pipeline_tag", "\"text-generation\""
                    "license", "\"apache-2.0\""
                    "language", """["en", "de"]"""
                    "base_model", "\"someone/tiny\""
                    "base_model_relation", "\"finetune\""
                    "datasets", """["someone/sums"]"""
                    "metrics", """["accuracy"]"""
                    "tags", """["lori", "implicit-reasoning", "custom_code"]"""
                ] do
                Expect.equal (found.GetProperty(name).GetRawText()) expected name

            let result = found.GetProperty("results")[0]

            Expect.equal
                [ for at in 0..3 -> result[at].GetString() ]
                [ "text-generation"; "someone/sums"; "someone/sums (data.jsonl)"; "accuracy" ]
                "what was measured"

            Expect.floatClose Accuracy.high (result[4].GetDouble()) accuracy "the value")
    }

[<Tests>]
let tests =
    testSequenced
    <| testList "In transformers" [ testList "the same ids" (List.map sameIds cases); widened; header ]
