/// The ready settings in `recipes`: each is read, checked and estimated; their schemas are what `lori schema` writes.
module LoRi.Cli.Tests.RecipeTests

open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open Expecto
open Json.Schema
open LoRi.Cli
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun
open LoRi.Files.Settings
open LoRi.Runs.Settings
open LoRi.Training

let private folder =
    match goldenFolder.Value with
    | Some golden -> Path.GetFullPath(Path.Combine(golden, "../../../recipes"))
    | None -> ""

let private commandOf (recipe: string) =
    nonNull (Path.GetFileName(nonNull (Path.GetDirectoryName recipe)))

let private recipes =
    if folder = "" then
        []
    else
        List.ofArray (Directory.GetFiles(folder, "*.yaml", SearchOption.AllDirectories))
        |> List.sort

let private declared name =
    Commands.All |> Seq.find (fun command -> command.Name = name)

let private schemas =
    lazy
        Map
            [
                for name in [ "teach"; "distill"; "trajectories"; "evaluate" ] ->
                    name, JsonSchema.FromText((declared name).Schema().ToJsonString())
            ]

let private isValid command (settings: JsonNode) =
    use document = JsonDocument.Parse(settings.ToJsonString())
    schemas.Value[command].Evaluate(document.RootElement).IsValid

/// The method that a recipe trains by.
let private methodOf (recipe: string) =
    let named =
        (OptionFile.Read recipe).Settings["method"] |> Option.ofObj |> Option.map string

    let known = named |> Option.bind (KnownMethods.Find >> Option.ofObj)
    (defaultArg known KnownMethods.Teacher).About

/// Where a recipe's own model and data are not, those of the tests; a step of few rows.
let private tiny (recipe: string) (work: string) =
    let goesOn = File.ReadAllText(recipe).Contains "on: coconut"
    let model = if goesOn then coconut work else Path.Combine(work, "model")

    [
        commandOf recipe
        "--config"
        recipe
        "--data"
        Path.Combine(work, "data.jsonl")
        "--output"
        Path.Combine(work, "out")
        "--batch-size"
        "4"
        "--answer-prefix"
        "So"
        "--threads"
        "1"
        let about = methodOf recipe

        if about.HasFrozenTeacher then
            yield! [ "--teacher"; model ]

        if not about.HasFrozenTeacher || about.StartsFromBase then
            yield! [ "--model"; model ]
        // The rationales of the tests are of one step.
        if File.ReadAllText(recipe).Contains "teacher_text: without-last-step" then
            yield! [ "--teacher-text"; "full" ]

        if goesOn then
            yield! [ "--decoder"; Path.Combine(work, "model") ]

        if File.ReadAllText(recipe).Contains "layer_rank: 2" then
            yield! [ "--hidden-rank"; "4" ]
    ]

let private each =
    [
        for recipe in recipes do
            let name = Path.GetRelativePath(folder, recipe)

            test $"{name}: every setting is one, says where it is from, and has an effect" {
                let file = OptionFile.Read recipe
                let command = declared (commandOf recipe)
                let values = command.Read(file.Settings, file.Source)
                let kept = command.ToJson values

                for setting in file.Settings do
                    Expect.isTrue (kept.ContainsKey setting.Key) $"{setting.Key} has an effect"

                for line in File.ReadAllLines recipe do
                    if line <> "" && not (line.StartsWith '#') then
                        Expect.stringContains line "  # " "its source"

                Expect.isTrue (isValid command.Name file.Settings) "valid by the schema"
            }

            test $"{name}: a run by it is estimated" {
                withTiny (fun work ->
                    let outcome = lori (tiny recipe work @ [ "--dry-run" ])
                    Expect.equal outcome.Code Success outcome.Error)
            }
    ]

let private schema =
    [
        test "there are recipes for every method and for a first run" {
            if folder = "" then
                skiptest "the source tree is not here"

            let names = [ for recipe in recipes -> nonNull (Path.GetFileName recipe) ]

            for method in "cot" :: List.ofSeq (KnownMethods.Students |> Seq.map _.About.Name) do
                Expect.exists names _.StartsWith(method + "-") method
        }
        for name in [ "teach"; "distill" ] do
            test $"the schema of {name} beside the recipes is what the program writes" {
                let written = lori [ "schema"; name ]
                Expect.equal written.Code Success written.Error
                Expect.isNotEmpty written.Out "the schema"
                expectGolden $"../../../recipes/{name}.schema.json" written.Out
            }
        test "what a command keeps of its settings is valid by its schema" {
            for name in schemas.Value.Keys do
                let written = (declared name).ToJson SettingValues.None
                Expect.isTrue (isValid name written) name
        }
        test "a schema refuses what the program refuses" {
            for text in
                [
                    """{"lerning_rate": 1}"""
                    """{"batch_size": 0}"""
                    """{"batch_size": "many"}"""
                    """{"learning_rate": 0}"""
                    """{"schedule": "linear"}"""
                    """{"method": "magic"}"""
                    """{"layer_energy": 1.5}"""
                    """{"levels": "last-0"}"""
                    """{"data": [1]}"""
                    """{"config": "f"}"""
                    """{"command": "teach"}"""
                ] do
                let settings = nonNull (JsonNode.Parse text)
                Expect.isFalse (isValid "distill" settings) text

                Expect.throws
                    (fun () ->
                        let distill = declared "distill"
                        let file = SettingFile(settings.AsObject(), SettingSource "f.json")
                        distill.Check(distill.Read(JsonObject(), file)))
                    text

            for text in
                [
                    """{"data": "one"}"""
                    """{"batch_size": null}"""
                    """{"levels": "every-2"}"""
                ] do
                Expect.isTrue (isValid "distill" (nonNull (JsonNode.Parse text))) text
        }
    ]

[<Tests>]
let tests = testList "Recipes" (each @ schema)
