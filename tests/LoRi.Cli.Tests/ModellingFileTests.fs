/// The Python file of an export: in plain PyTorch, with stand-ins for transformers, it writes what `lori generate` writes.
module LoRi.Cli.Tests.ModellingFileTests

open System.IO
open System.Text.Json
open System.Text.RegularExpressions
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.PythonRunning
open LoRi.Training.Tests

let private mostTokens = 12

let private questions = [ "1 + 2 ="; "3"; "9 + 8 + 7 = 5" ]

/// Students by name: every way of reasoning on the first family, and three of them on each of the others.
let private students =
    let first = List.head RandomStudents.families

    [
        for name, way in RandomStudents.ways do
            yield $"{fst first}, {name}", snd first, way
        for family, config in List.tail RandomStudents.families do
            for name, way in RandomStudents.ways do
                if List.contains name [ "sequential"; "jacobi"; "substituted" ] then
                    yield $"{family}, {name}", config, way
    ]

let private export (folder: string) options =
    let outcome = lori ([ "export"; "--model"; folder ] @ options)
    Expect.equal outcome.Code Success outcome.Error

let private answer (model: string) (question: string) =
    let found =
        loriJson
            [
                "generate"
                "--model"
                model
                "--prompt"
                question
                "--max-new-tokens"
                string mostTokens
                "--threads"
                "1"
                "--json"
            ]

    [ for id in found.GetProperty("ids").EnumerateArray() -> id.GetInt32() ]

let private rows (name: string) (found: JsonElement) =
    [
        for row in found.GetProperty(name).EnumerateArray() -> [ for id in row.EnumerateArray() -> id.GetInt32() ]
    ]

/// What Python wrote for every student and what `lori` wrote for it.
let private compared =
    lazy
        let folder = Directory.CreateTempSubdirectory("lori-modelling").FullName

        try
            let exported =
                [
                    for at, (name, config, way) in List.indexed students do
                        let model, out = Path.Combine(folder, $"m{at}"), Path.Combine(folder, $"out-{at}.5")
                        RandomStudents.write model config way (int64 at)
                        export model [ "--output"; out ]
                        name, out
                ]

            let asked =
                JsonSerializer.Serialize
                    [
                        for _, out in exported ->
                            {|
                                folder = out
                                questions = questions
                                options = {| max_new_tokens = mostTokens |}
                            |}
                    ]

            let found = JsonDocument.Parse(python [ script "answer.py" ] asked).RootElement

            [
                for (name, out), found in Seq.zip exported (found.EnumerateArray()) ->
                    name, (found.Clone(), List.map (answer out) questions)
            ]
            |> Map.ofList
        finally
            Directory.Delete(folder, true)

let private sameIds (name, _, way: RandomStudents.Way) =
    test name {
        let found, expected = compared.Value[name]
        Expect.equal (text "class" found) "LoRiForCausalLM" "the class of the folder"
        Expect.equal (rows "alone" found) expected "one by one"

        Expect.equal
            (SharedFiles.ints (found.GetProperty "turned") |> List.ofArray)
            expected.Head
            "a stock model that was given the reasoning"

        for side in [ "left"; "right" ] do
            let padded = rows side found
            let width = List.max [ for row in padded -> row.Length ]

            Expect.equal
                padded
                [
                    for row in expected -> row @ List.replicate (width - row.Length) way.Ends.Head
                ]
                $"padded {side}"
    }

let private differs =
    test "the latent steps matter, and the plain weights load without the file" {
        let found, expected = compared.Value[let name, _, _ = students.Head in name]

        let stock =
            [ for id in found.GetProperty("stock").EnumerateArray() -> id.GetInt32() ]

        Expect.isNonEmpty stock "the plain weights write"
        Expect.notEqual stock (List.truncate stock.Length expected.Head) "and write something else"
    }

let private settings =
    test "a call's own settings of length, padding and steps are followed, or refused" {
        inFolder (fun folder ->
            let exported (name: string) =
                let way = RandomStudents.ways |> List.find (fst >> (=) name) |> snd
                let model, out = Path.Combine(folder, name), Path.Combine(folder, name + "-out")
                RandomStudents.write model (snd RandomStudents.families.Head) way 5L
                export model [ "--output"; out ]
                out

            let asked =
                JsonSerializer.Serialize
                    {|
                        latent = exported "sequential"
                        direct = exported "direct"
                        questions = questions
                    |}

            let found = JsonDocument.Parse(python [ script "settings.py" ] asked).RootElement
            let number (name: string) = found.GetProperty(name).GetInt32()
            Expect.equal (number "length") 3 "max_length of the settings"
            Expect.equal (number "call") 5 "max_length of the call"
            Expect.equal (number "new") 2 "max_new_tokens of the settings"

            Expect.equal
                (SharedFiles.ints (found.GetProperty "filled") |> List.ofArray)
                [ number "first"; 7 ]
                "padding of the settings"

            Expect.stringContains (text "refused" found) "latent_steps is 2" "steps of a model that takes none")
    }

let private snippet (card: string) =
    let found =
        Regex.Match(File.ReadAllText card, "```python\n(.*?)```", RegexOptions.Singleline)

    Expect.isTrue found.Success "the card has a snippet"
    found.Groups[1].Value

let private snippets =
    test "the snippet of a card runs and prints what is generated" {
        inFolder (fun folder ->
            let model = Path.Combine(folder, "m")
            let way = snd RandomStudents.ways.Head
            RandomStudents.write model (snd RandomStudents.families.Head) way 5L
            let out = Path.Combine(folder, "out")
            export model [ "--output"; out ]

            let code =
                (snippet (Path.Combine(out, "README.md")))
                    .Replace("name = \"out\"", $"name = {JsonSerializer.Serialize out}")

            let printed = python [ "-c"; code ] ""

            let asked = Regex.Match(code, "question\\(tokenizer, \"(.*?)\"\\)").Groups[1].Value

            let outcome =
                lori
                    [
                        "generate"
                        "--model"
                        out
                        "--prompt"
                        asked
                        "--max-new-tokens"
                        "64"
                        "--threads"
                        "1"
                    ]

            Expect.equal outcome.Code Success outcome.Error
            Expect.equal (printed.Trim()) (outcome.Out.Trim()) "the same text")
    }

[<Tests>]
let tests =
    testSequenced
    <| testList
        "Modelling file"
        [
            testList "the same ids" (List.map sameIds students)
            differs
            settings
            snippets
        ]
