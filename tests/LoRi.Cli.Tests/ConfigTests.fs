/// What a run keeps of its settings, and whose fault a wrong setting is.
module LoRi.Cli.Tests.ConfigTests

open System
open System.Diagnostics
open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open System.Text.RegularExpressions
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun
open LoRi.Runs.Settings
open LoRi.Training.Methods.LoRi

let private path (folder: string) (name: string) = Path.Combine(folder, name)

/// A process of its own, at work in a folder.
let private runIn (folder: string) (arguments: string list) =
    let info =
        ProcessStartInfo(
            Option.defaultValue "dotnet" (Option.ofObj (Environment.GetEnvironmentVariable "DOTNET_HOST_PATH")),
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = folder
        )

    info.ArgumentList.Add(path AppContext.BaseDirectory "lori.dll")
    arguments |> List.iter info.ArgumentList.Add
    finish (nonNull (Process.Start info))

let private config (run: string) =
    (nonNull (JsonNode.Parse(File.ReadAllText(path run "config.json")))).AsObject()

let private keys (settings: JsonObject) =
    set [ for pair in settings -> pair.Key ]

let private value (settings: JsonObject) (key: string) = (nonNull settings[key]).ToJsonString()

let private short =
    [
        "--data"
        "data.jsonl"
        "--answer-prefix"
        "So"
        "--steps"
        "4"
        "--batch-size"
        "4"
        "--log-every"
        "1"
    ]

let private kept =
    [
        test "a run of relative paths is replayed from another folder" {
            withTiny (fun folder ->
                let elsewhere = Directory.CreateDirectory(path folder "elsewhere").FullName

                succeed (
                    runIn
                        folder
                        ([ "distill"; "--teacher"; "model"; "--latent-steps"; "2"; "--output"; "run" ] @ short)
                )

                let written = path folder "run/config.json"
                succeed (runIn elsewhere [ "distill"; "--config"; written; "--output"; "again" ])
                let again = path elsewhere "again"
                Expect.equal (metrics again) (metrics (path folder "run")) "metrics"
                Expect.equal (finalFiles again) (finalFiles (path folder "run")) "weights"
                let settings, replayed = config (path folder "run"), config again

                for pair in settings do
                    if pair.Key <> "output" then
                        Expect.equal
                            (replayed[pair.Key] |> string)
                            (string pair.Value)
                            $"{pair.Key} of the run and of its replay")
        }
        test "config.json holds every value that is in force, and none that is not" {
            withTiny (fun folder ->
                succeed (lori (distill folder 4 "run"))
                let settings = config (path folder "run")

                for key, expected in
                    [
                        "version", $"\"{RunSettings.Version}\""
                        "method", "\"lori\""
                        "latent_steps", "2"
                        "steps", "4"
                        "warmup_steps", "0"
                        "checkpoint_every", "4"
                        "projection_width", "16"
                        "subspace_kind", "\"multilinear-svd\""
                        "standardise", "\"full\""
                        "layer_energy", "0.95"
                        "max_layer_rank", "8"
                        "hidden_energy", "0.95"
                        "max_hidden_rank", "64"
                        "threads", "1"
                    ] do
                    Expect.equal (value settings key) expected key

                for key in
                    [
                        "epochs"
                        "eval_every"
                        "layer_rank"
                        "hidden_rank"
                        "model"
                        "resume"
                        "dry_run"
                    ] do
                    Expect.isFalse (settings.ContainsKey key) key

                for key in [ "teacher"; "output" ] do
                    Expect.isTrue (Path.IsPathRooted((nonNull settings[key]).GetValue<string>())) key

                Expect.isFalse (settings.ContainsKey "lora_alpha") "adapters of a run without"
                succeed (lori (teach folder 2 "adapted" @ [ "--lora-rank"; "3" ]))
                let adapted = config (path folder "adapted")

                for key, expected in [ "lora_rank", "3"; "lora_alpha", "6"; "lora_targets", "[\"all-linear\"]" ] do
                    let written = Regex.Replace(value adapted key, @"\s", "")
                    Expect.equal written expected key

                succeed (lori (teach folder 2 "teacher"))
                let teacher = keys (config (path folder "teacher"))

                Expect.isTrue
                    (Set.isSubset (set [ "model"; "answer_prefix"; "grade"; "teacher_text"; "seed" ]) teacher)
                    "its own"

                for key in
                    [
                        "method"
                        "latent_steps"
                        "projection"
                        "init"
                        "covariance"
                        "levels"
                        "teacher"
                    ] do
                    Expect.isFalse (teacher.Contains key) $"{key} of a teacher")
        }
        test "rows that are held out of a short run are evaluated every ten steps, and that is kept" {
            withTiny (fun folder ->
                succeed (
                    lori (
                        teach folder 40 "run" @ [ "--validation-fraction"; "0.4" ]
                        |> TinyEvaluation.withOption "--log-every" "100"
                    )
                )

                let run = path folder "run"
                Expect.equal (value (config run) "eval_every") "10" "kept"

                let validated =
                    [
                        for line in File.ReadAllLines(path run "metrics.jsonl") do
                            let row = JsonDocument.Parse(line).RootElement

                            if fst (row.TryGetProperty "validation_loss") then
                                row.GetProperty("step").GetInt32()
                    ]

                Expect.equal validated [ 10; 20; 30; 40 ] "steps with a validation loss")
        }
    ]

/// The settings of a run as they were written before they were told apart by command.
let private older (folder: string) (settings: JsonObject) =
    settings.Remove "version" |> ignore

    for key in
        [
            "layer_energy"
            "hidden_energy"
            "subspace_kind"
            "standardise"
            "projection_width"
            "threads"
        ] do
        settings[key] <- null

    for key in [ "max_layer_rank"; "max_hidden_rank" ] do
        settings.Remove key |> ignore

    settings["eval_every"] <- null
    settings["model"] <- null
    settings["epochs"] <- null
    settings["output"] <- JsonValue.Create(Path.GetRelativePath(Environment.CurrentDirectory, path folder "run"))
    settings["teacher"] <- JsonValue.Create(Path.GetRelativePath(Environment.CurrentDirectory, path folder "model"))
    settings

let private olderRuns =
    [
        test "a run whose settings were kept in the older form goes on, and what differs is still refused" {
            withTiny (fun folder ->
                let command = distill folder 4 "run"
                succeed (lori command)
                let written = older folder (config (path folder "run"))
                File.WriteAllText(path folder "run/config.json", written.ToJsonString())
                let again = lori (command @ [ "--resume" ])
                succeed again
                Expect.stringContains again.Error "this run is finished, there is nothing to resume" "log"

                for options, message in
                    [
                        [ "--subspace-kind"; "random" ],
                        "--subspace-kind was \"multilinear-svd\" and now is \"random\""
                        [ "--layer-energy"; "0.5" ], "--layer-energy was 0.95 and now is 0.5"
                        [ "--w-cov"; "2" ], "--w-cov was 1 and now is 2"
                    ] do
                    expectError Failed message (command @ options @ [ "--resume" ]))
        }
        test "settings of the older form that had no meaning are passed over, those of now are refused" {
            inFolder (fun folder ->
                let idle =
                    """"method": "no-cot", "latent_steps": 5, "covariance": "modewise", "projection": "mlp", "teacher": "t", "data": ["d"], "output": "o"}"""

                let read (content: string) =
                    distillSettings [ "--config"; file folder "config.json" content ]

                let settings = read ("""{"command": "distill", """ + idle)
                Expect.equal settings.Latent.StepsTaken 0 "no steps"
                Expect.isFalse (settings.ToJson().ContainsKey "latent_steps") "not kept"

                expectError
                    Failed
                    "config.json: --latent-steps 5 and --method no-cot contradict each other"
                    [ "distill"; "--config"; file folder "config.json" ("{" + idle) ])
        }
        test "another method on the command line puts the file's alignment out of force" {
            inFolder (fun folder ->
                let config =
                    file
                        folder
                        "config.json"
                        """{"method": "lori", "covariance": "full", "teacher": "t", "data": ["d"], "output": "o"}"""

                let settings = distillSettings [ "--config"; config; "--method"; "codi" ]
                Expect.equal settings.Latent.Method "codi" "method"

                Expect.equal
                    ((LoRiOptions settings.Values).Objective.Rationale.Covariance)
                    LoRi.Math.Covariance.Modewise
                    "out of force")
        }
    ]

let private faults =
    [
        test "the same mistake has the same exit code everywhere: 2 on the command line, 1 in a file" {
            inFolder (fun folder ->
                let path = file folder "s.json"

                let commands =
                    [
                        "teach", [ "--model"; "m"; "--data"; "d"; "--output"; "o" ]
                        "distill", [ "--teacher"; "t"; "--data"; "d"; "--output"; "o" ]
                        "evaluate", [ "--model"; "m"; "--data"; "d"; "--output"; "o" ]
                        "trajectories", [ "--model"; "m"; "--data"; "d"; "--output"; "o" ]
                    ]

                for command, options in commands do
                    for key in [ "batch_size"; "limit"; "threads" ] do
                        let option = "--" + key.Replace('_', '-')
                        let message = $"{option} 0: must be at least 1"
                        expectError BadUsage message (command :: options @ [ option; "0" ])
                        let config = path $"{{\"{key}\": 0}}"

                        expectError
                            Failed
                            $"--config {config}: {message}"
                            (command :: options @ [ "--config"; config ])

                    let config = path """{"dtype": "float99"}"""

                    expectError Failed $"--config {config}: " (command :: options @ [ "--config"; config ])

                for command in
                    [
                        [ "generate"; "--model"; "m"; "--prompt"; "p"; "--latent-steps"; "0" ]
                        [
                            "evaluate"
                            "--model"
                            "m"
                            "--data"
                            "d"
                            "--output"
                            "o"
                            "--latent-steps"
                            "0"
                        ]
                        [
                            "distill"
                            "--teacher"
                            "t"
                            "--data"
                            "d"
                            "--output"
                            "o"
                            "--latent-steps"
                            "0"
                        ]
                    ] do
                    expectError BadUsage "--latent-steps 0: must be at least 1" command

                expectError
                    BadUsage
                    "--max-new-tokens -4: must be at least 1"
                    [ "generate"; "--model"; "m"; "--prompt"; "p"; "--max-new-tokens"; "-4" ]

                for command in [ [ "info" ]; [ "report"; "r" ] ] do
                    expectError BadUsage "--threads 0: must be at least 1" (command @ [ "--threads"; "0" ]))
        }
        test "a contradiction is the file's where both settings are, else the command line's" {
            inFolder (fun folder ->
                let both = file folder "both.json" """{"steps": 3, "epochs": 2}"""
                let one = file folder "one.json" """{"steps": 3}"""
                let teach = [ "teach"; "--model"; "m"; "--data"; "d"; "--output"; "o"; "--config" ]
                expectError Failed $"--config {both}: --steps 3 and --epochs 2 contradict" (teach @ [ both ])

                expectError
                    BadUsage
                    "--warmup-steps 5 and --steps 3 contradict"
                    (teach @ [ one; "--warmup-steps"; "5" ]))
        }
    ]

[<Tests>]
let tests = testList "Config" (kept @ olderRuns @ faults)
