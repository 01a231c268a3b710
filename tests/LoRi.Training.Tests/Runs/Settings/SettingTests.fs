/// What the declarations of settings say of themselves, and how values of several sources are put together.
module LoRi.Training.Tests.SettingTests

open System.Text.Json.Nodes
open Expecto
open LoRi.Files.Settings
open LoRi.Runs.Settings
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Methods.LoRi

let private json (text: string) =
    (nonNull (JsonNode.Parse text)).AsObject()

let private ofFile (text: string) =
    SettingFile(json text, SettingSource "f.json")

/// The values of `distill` by a command line and a file.
let private merged (given: string) (file: string) =
    Commands.Distill.Read(json given, ofFile file)

let private refused (work: unit -> unit) =
    try
        work ()
        failtest "nothing was refused"
    with :? SettingException as e ->
        e.Message, e.IsUsage

let private declared =
    [
        for command in Commands.All do
            test $"{command.Name}: every setting stands once, has help, and its default is one of its values" {
                let keys = [ for setting in command.Settings -> setting.Key ]
                Expect.equal (List.distinct keys) keys "keys"

                for setting in command.Settings do
                    Expect.isNotEmpty setting.FullHelp setting.Key
                    Expect.isFalse (setting.FullHelp.Contains '{') $"{setting.FullHelp}"
                    Expect.equal (setting.Flag.Substring(2).Replace('-', '_')) setting.Key "the option's name"

                for first in command.FirstRun do
                    Expect.isNotNull (command.Find first.Key) first.Key
            }

            test $"{command.Name}: what is written reads back the same, and is all in force" {
                let written = command.ToJson SettingValues.None
                let values = command.Read(json (written.ToJsonString()), SettingSource.CommandLine)
                Expect.equal (command.ToJson(values).ToJsonString()) (written.ToJsonString()) "again"
            }
    ]

let private sources =
    [
        test "the command line wins, and takes what cannot stand beside it out of the file" {
            let values =
                merged """{"steps": 3}""" """{"epochs": 2, "seed": 7, "batch_size": 4}"""

            Expect.equal (values.Get TrainSettings.Steps) (System.Nullable 3) "steps"
            Expect.isFalse (values.IsGiven TrainSettings.Epochs) "epochs"
            Expect.equal (values.Get TrainSettings.Seed) 7L "the file's seed"
            let values = merged """{"layer_energy": 0.5}""" """{"max_layer_rank": 3}"""
            Expect.isFalse (values.Get AlignmentSettings.MaxLayerRank).HasValue "the largest rank of another energy"
            let values = merged """{"max_layer_rank": 3}""" """{"layer_energy": 0.5}"""

            Expect.equal
                (values.Get AlignmentSettings.LayerEnergy)
                (System.Nullable 0.5)
                "an energy with a largest rank"
        }
        test "another method puts out of force what only the file's has" {
            let values =
                merged """{"method": "codi"}""" """{"covariance": "full", "lambda_anchor": 2}"""

            Expect.isFalse (values.IsGiven AlignmentSettings.Covariance) "lori's alone"
            Expect.equal (values.Get SharedSettings.LambdaAnchor) 2.0 "codi has it too"
        }
        test "a setting is a method's where the method lists it" {
            let keys (method: IMethod) =
                set [ for setting in method.About.Settings -> setting.Key ]

            for method in KnownMethods.Students do
                let own = keys method
                let values = SettingValues.None.With(StudentSettings.Method, method.About.Name)

                for setting in Commands.Distill.Settings do
                    let isOthers =
                        not (own.Contains setting.Key)
                        && KnownMethods.Students |> Seq.exists (fun other -> (keys other).Contains setting.Key)

                    // A method may leave out one of its own, beside another of them.
                    let excludes = not (isNull (method.Excludes(setting, values)))

                    Expect.equal
                        (not (isNull (Commands.Distill.Excludes.Invoke(setting, values))))
                        (isOthers || excludes)
                        $"{setting.Key} of {method.About.Name}"
        }
        test "an error is the file's where its settings are, else the command line's" {
            let check given file =
                refused (fun () -> Commands.Distill.Check(merged given file))

            let places = "\"teacher\": \"t\", \"data\": [\"d\"], \"output\": \"o\""

            Expect.equal
                (check "{}" $"{{{places}, \"batch_size\": 0}}")
                ("--config f.json: --batch-size 0: must be at least 1", false)
                "file"

            Expect.equal
                (check """{"batch_size": 0}""" $"{{{places}}}")
                ("--batch-size 0: must be at least 1", true)
                "command line"

            Expect.equal
                (check """{"accumulation": 9}""" $"{{{places}, \"batch_size\": 4}}" |> snd)
                true
                "both: the command line's"

            Expect.equal
                (refused (fun () -> merged "{}" """{"steps": "x"}""" |> ignore))
                ("--config f.json: steps x: must be a whole number", false)
                "a value of another type"
        }
        test "energies are there by default, with a largest rank, and a rank replaces both" {
            let ranks (values: SettingValues) =
                values.Get AlignmentSettings.LayerEnergy, values.Get AlignmentSettings.MaxLayerRank

            let none = System.Nullable<float>(), System.Nullable<int>()
            Expect.equal (ranks SettingValues.None) (System.Nullable 0.95, System.Nullable 8) "default"

            let energy =
                SettingValues.None.With(AlignmentSettings.LayerEnergy, System.Nullable 0.9)

            Expect.equal (ranks energy) (System.Nullable 0.9, System.Nullable()) "an energy that was named"
            let rank = SettingValues.None.With(AlignmentSettings.LayerRank, System.Nullable 3)
            Expect.equal (ranks rank) none "a rank"
        }
    ]

[<Tests>]
let tests = testList "Settings" (declared @ sources)
