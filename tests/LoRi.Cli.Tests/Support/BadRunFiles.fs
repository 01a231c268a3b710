/// Damaged files that this program wrote itself: metrics, cards, settings, evaluations, demonstrations, predictions, caches.
module LoRi.Cli.Tests.BadRunFiles

open System
open System.IO
open Expecto
open LoRi.Files.Safetensors
open LoRi.Cli.Tests.Running

/// What is wrong, and how to meet it: makes files in a folder and gives the arguments.
type Case = string * (string -> string list)

let private common =
    [
        "--steps"
        "2"
        "--batch-size"
        "2"
        "--log-every"
        "1"
        "--checkpoint-every"
        "1"
    ]

let private teachAt (folder: string) =
    [
        "teach"
        "--model"
        folder + "/model"
        "--data"
        folder + "/data.jsonl"
        "--output"
        folder + "/run"
    ]
    @ common

let private distillAt (folder: string) =
    [
        "distill"
        "--teacher"
        folder + "/model"
        "--data"
        folder + "/data.jsonl"
        "--output"
        folder + "/run"
    ]
    @ common

let private prepared (folder: string) =
    TinyFolder.model folder "model" |> ignore
    TinyFolder.data folder "data.jsonl" TinyFolder.rows |> ignore

/// A finished run, something done to its folder, and the same command with --resume.
let private resumed (spoil: string -> unit) (folder: string) =
    prepared folder
    succeed (lori (teachAt folder))
    spoil (folder + "/run")
    teachAt folder @ [ "--resume" ]

let private unfinished (spoil: string -> unit) =
    resumed (fun run ->
        Directory.Delete(run + "/final", true)
        spoil run)

let private replaceLine (path: string) index (line: string) =
    File.WriteAllLines(path, File.ReadAllLines path |> Array.mapi (fun i old -> if i = index then line else old))

let private metrics: Case list =
    [
        "metrics: empty where a run goes on", unfinished (fun run -> File.WriteAllText(run + "/metrics.jsonl", ""))
        "metrics: a line that is no JSON where a run goes on",
        unfinished (fun run -> replaceLine (run + "/metrics.jsonl") 0 "garbage")
        "metrics: a line without its step",
        unfinished (fun run -> replaceLine (run + "/metrics.jsonl") 1 "{\"loss\": 1}")
        "metrics: a loss that is text",
        unfinished (fun run -> replaceLine (run + "/metrics.jsonl") 1 "{\"step\": 2, \"loss\": \"low\"}")
        "metrics: a folder",
        unfinished (fun run ->
            File.Delete(run + "/metrics.jsonl")
            Directory.CreateDirectory(run + "/metrics.jsonl") |> ignore)
        "metrics: no JSON in a report",
        fun folder ->
            file folder "metrics.jsonl" "{\"step\": 1}\n{\n" |> ignore
            [ "report"; folder; "--output"; folder + "/page.html" ]
        "run: settings that are no JSON", resumed (fun run -> File.WriteAllText(run + "/config.json", "{"))
        "run: settings of the wrong type",
        resumed (fun run -> File.WriteAllText(run + "/config.json", """{"command": "teach", "seed": "many"}"""))
        "run: a checkpoint that is cut short",
        unfinished (fun run ->
            let state = run + "/checkpoints/step-000002/state.safetensors"
            File.WriteAllBytes(state, File.ReadAllBytes(state)[..99]))
    ]

/// A model folder whose only fault is its card.
let private card (fields: (string * string) list) (folder: string) =
    let standard =
        [
            "method", "\"latent-ce\""
            "latent_steps", "2"
            "answer_prefix", "\"The\""
            "prefix_ids", "[5]"
            "bot_id", "2"
            "eot_id", "3"
            "eos_id", "1"
            "projection", "\"identity\""
            "projection_width", "0"
        ]

    let chosen =
        standard
        |> List.map (fun (name, value) ->
            let value =
                fields |> List.tryFind (fst >> (=) name) |> Option.map snd |> Option.defaultValue value

            $"\"{name}\": {value}")

    let model = TinyFolder.model folder "student"
    let content = String.Join(", ", chosen)
    file model "lori.json" $"{{{content}}}" |> ignore
    SafetensorsWriter.Write(model + "/lori.safetensors", [ SafetensorsContent.FromDoubles("x", [ 1L ], [| 0.0 |]) ])
    [ "generate"; "--model"; model; "--prompt"; "What" ]

/// A card of the present version, all of its fields but one or two as training writes them.
let private second (fields: (string * string) list) (folder: string) =
    let arguments = card [] folder

    let standard =
        [
            "version", "2"
            "method", "\"lori\""
            "form", "\"plain\""
            "mode", "\"latent\""
            "latents", """{"kind": "sequential", "steps": 2}"""
            "markers", """{"start": 20, "end": 21}"""
            "prefix", "\"So\""
            "prefix_ids", "[2]"
            "prefix_fed", "true"
            "end_ids", "[1]"
            "stop_after_ends", "1"
            "eos_id", "1"
            "projection", "\"identity\""
            "projection_width", "0"
        ]

    let content =
        [
            for name, value in standard ->
                $"\"{name}\": {fields |> List.tryFind (fst >> (=) name) |> Option.map snd |> Option.defaultValue value}"
        ]

    file (folder + "/student") "lori.json" $"""{{{String.Join(", ", content)}}}""" |> ignore
    arguments

let private cards: Case list =
    [
        "card: steps below none", card [ "latent_steps", "-4" ]
        "card: more steps than positions", card [ "latent_steps", "2000000" ]
        "card: steps that are text", card [ "latent_steps", "\"two\"" ]
        "card: an id of the prefix beyond the table", card [ "prefix_ids", "[99999]" ]
        "card: a marker beyond the table", card [ "eot_id", "25" ]
        "card: an end below none", card [ "eos_id", "-1" ]
        "card: a projection that is none", card [ "projection", "\"magic\"" ]
        "card: a projection wider than its file", card [ "projection", "\"mlp\""; "projection_width", "2000000000" ]
        "card: no prefix", card [ "prefix_ids", "null" ]
        "card: half of its fields",
        fun folder ->
            let arguments = card [] folder
            file (folder + "/student") "lori.json" """{"method": "lori"}""" |> ignore
            arguments
        "card: of a version to come", second [ "version", "3" ]
        "card: latent steps of a kind that is not known", second [ "latents", """{"kind": "oracle", "steps": 2}""" ]
        "card: latent steps that are no whole number of steps of a chain",
        second [ "latents", """{"kind": "sequential", "steps": 3, "per_step": 2}""" ]
        "card: no sweep", second [ "latents", """{"kind": "jacobi", "steps": 2, "sweeps": 0}""" ]
        "card: a mode that is none", second [ "mode", "\"telepathic\"" ]
        "card: latent steps without latents", second [ "latents", "null" ]
        "card: latents of a model that writes", second [ "mode", "\"explicit\"" ]
        "card: a form whose texts it does not tell", second [ "form", "\"verse\"" ]
        "card: no marker of an end", second [ "markers", """{"start": 20}""" ]
    ]

let private sound =
    """{"method": "lori", "seed": 0, "accuracy": 1, "dataset": "d", "examples": 1, "correct": 1, "ci95": [0, 1]}"""

let private inside (folder: string) (name: string) =
    Directory.CreateDirectory(Path.Combine(folder, name)).FullName

/// A damaged evaluation and a sound one are compared.
let private evaluated (evaluation: string) (predictions: string) (folder: string) =
    let damaged, other = inside folder "damaged", inside folder "sound"
    file damaged "evaluation.json" evaluation |> ignore
    file damaged "predictions.jsonl" predictions |> ignore
    file other "evaluation.json" sound |> ignore
    file other "predictions.jsonl" "{\"id\": \"a\", \"correct\": true}\n" |> ignore
    [ "compare"; damaged; other ]

/// A report of a run with a damaged evaluation of it.
let private reported (evaluation: string) (folder: string) =
    evaluated evaluation "" folder |> ignore
    let run = inside folder "run"
    file run "metrics.jsonl" "{\"step\": 1, \"loss\": 1}\n" |> ignore
    [ "report"; run; "--evaluation"; folder + "/damaged" ]

/// A damaged demonstration is compared.
let private demonstrated (demo: string) (folder: string) =
    file folder "demo.json" demo |> ignore
    [ "compare"; folder ]

let private results: Case list =
    [
        "evaluation: empty", evaluated "" ""
        "evaluation: a list", evaluated "[]" ""
        "evaluation: no accuracy", evaluated """{"method": "lori"}""" ""
        "evaluation: an accuracy that is text", evaluated """{"method": "lori", "accuracy": "high"}""" ""
        "evaluation: a method that is null", evaluated """{"method": null, "accuracy": 1}""" ""
        "evaluation: another accuracy than its rows have",
        evaluated (sound.Replace("\"accuracy\": 1", "\"accuracy\": 0.5")) """{"id": "a", "correct": true}"""
        "evaluation: no JSON in a report", reported "{"
        "evaluation: a field missing in a report", reported """{"dataset": "d"}"""
        "evaluation: a field of the wrong kind in a report", reported """{"dataset": 3}"""
        "evaluation: an accuracy above one in a report", reported (sound.Replace("\"accuracy\": 1", "\"accuracy\": 2"))
        "evaluation: in the place of a run", evaluated sound "" >> List.item 1 >> fun folder -> [ "report"; folder ]
        "evaluation: a folder without one", fun folder -> [ "compare"; inside folder "a"; inside folder "b" ]
        "report: a model in the place of a run", fun folder -> [ "report"; TinyFolder.model folder "model" ]
        "report: a page that is a picture", fun folder -> [ "report"; folder; "--output"; folder + "/page.svg" ]
        "predictions: empty", evaluated sound ""
        "predictions: a line that is not UTF-8",
        fun folder ->
            let arguments = evaluated sound "" folder

            File.WriteAllBytes(
                folder + "/damaged/predictions.jsonl",
                Array.concat [ "{\"id\": \"a"B; [| 0xC3uy; 0x28uy |]; "\", \"correct\": true}\n"B ]
            )

            arguments
        "predictions: no JSON", evaluated sound "{\n"
        "predictions: a name with half of a surrogate pair",
        evaluated sound """{"id": "a", "correct": true, "\ud800x": 1}"""
        "predictions: no id", evaluated sound """{"correct": true}"""
        "predictions: an id twice",
        evaluated sound "{\"id\": \"a\", \"correct\": true}\n{\"id\": \"a\", \"correct\": true}\n"
        "predictions: a verdict that is text", evaluated sound """{"id": "a", "correct": "yes"}"""
        "predictions: absent",
        fun folder ->
            let arguments = evaluated sound "" folder
            File.Delete(folder + "/damaged/predictions.jsonl")
            arguments
        "predictions: a name with half of a surrogate pair, to score",
        fun folder ->
            let predictions =
                file folder "p.jsonl" """{"text": "a 1", "gold": "1", "\ud800x": 1}"""

            [ "score"; "--predictions"; predictions; "--rule"; "codi" ]
        "predictions: a folder", fun folder -> [ "score"; "--predictions"; folder; "--rule"; "codi" ]
        "predictions: a file that is not there",
        fun folder -> [ "score"; "--predictions"; folder + "/none.jsonl"; "--rule"; "codi" ]
        "demo: no JSON", demonstrated "{"
        "demo: no rows", demonstrated "{}"
        "demo: empty rows", demonstrated """{"rows": []}"""
        "demo: a seed that is a fraction",
        demonstrated """{"rows": [{"method": "lori", "seed": 0.5, "examples": 1, "accuracy": 1}]}"""
        "demo: a method that is null",
        demonstrated """{"rows": [{"method": null, "seed": 0, "examples": 1, "accuracy": 1}]}"""
        "demo: an accuracy above one",
        demonstrated """{"rows": [{"method": "lori", "seed": 0, "examples": 1, "accuracy": 2}]}"""
        "demo: no questions", demonstrated """{"rows": [{"method": "lori", "seed": 0, "examples": 0, "accuracy": 0}]}"""
        "demo: half of its fields in a report",
        fun folder ->
            file folder "demo.json" """{"setting": "compressed"}""" |> ignore
            [ "report"; folder ]
        "inspect: an evaluation", fun folder -> [ "inspect"; file folder "evaluation.json" sound ]
    ]

/// A distillation that meets a cache with this index.
let private indexed (index: string) (folder: string) =
    prepared folder
    Directory.CreateDirectory(folder + "/cache") |> ignore
    file (folder + "/cache") "index.json" index |> ignore
    distillAt folder @ [ "--teacher-cache"; folder + "/cache" ]

/// A distillation that meets a cache that another one made, and to which something was done.
let private cached (spoil: string -> unit) (folder: string) =
    prepared folder
    let cache = folder + "/cache"
    succeed (lori (distillAt folder @ [ "--teacher-cache"; cache ]))
    Directory.Delete(folder + "/run", true)
    spoil cache
    distillAt folder @ [ "--teacher-cache"; cache ]

let private shards (cache: string) =
    Directory.GetFiles(cache, "*.safetensors", SearchOption.AllDirectories)
    |> Array.filter (fun path -> Path.GetFileName path <> "subspace.safetensors")
    |> Array.sort

let private caches: Case list =
    [
        "cache: an index that is no JSON", indexed "{"
        "cache: an index of something else", indexed """{"format": "lori-subspace"}"""
        "cache: an index of another version", indexed """{"format": "lori-teacher-cache", "version": 99}"""
        "cache: an index without its parts", indexed """{"format": "lori-teacher-cache", "version": 2}"""
        "cache: an index that leads outside",
        cached (fun cache ->
            let index = cache + "/index.json"
            let name = FileInfo(Array.head (shards cache)).Name
            File.WriteAllText(index, File.ReadAllText(index).Replace(name, "../" + name)))
        "cache: a folder of other things",
        fun folder ->
            prepared folder
            Directory.CreateDirectory(folder + "/cache") |> ignore
            file (folder + "/cache") "notes.txt" "mine" |> ignore
            distillAt folder @ [ "--teacher-cache"; folder + "/cache" ]
        "cache: a flipped bit",
        cached (fun cache ->
            let path = Array.head (shards cache)
            let bytes = File.ReadAllBytes path
            bytes[bytes.Length - 1] <- bytes[bytes.Length - 1] ^^^ 1uy
            File.WriteAllBytes(path, bytes))
        "cache: a file cut short",
        cached (fun cache ->
            let path = Array.head (shards cache)
            File.WriteAllBytes(path, File.ReadAllBytes(path)[..40]))
        "cache: another teacher",
        cached (fun cache ->
            let model = Path.Combine(cache, "../model/model.safetensors")

            SafetensorsWriter.Write(
                model,
                TinyFolder.weights
                |> List.map (fun one ->
                    if one.Name = "model.norm.weight" then
                        SafetensorsContent.FromDoubles(one.Name, [ 8L ], Array.create 8 2.0)
                    else
                        one)
            ))
        "cache: other data",
        cached (fun cache ->
            TinyFolder.data (Path.Combine(cache, "..")) "data.jsonl" (List.rev TinyFolder.rows)
            |> ignore)
        "inspect: a cache with a damaged index",
        fun folder ->
            indexed "{" folder |> ignore
            [ "inspect"; folder + "/cache" ]
    ]

/// All cases.
let cases = metrics @ cards @ results @ caches
