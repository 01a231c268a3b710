/// What every method that there is owes its user, with all weights and with adapters: a run that is broken off or killed in any of its
/// stages ends as if it had not been, and the trained model answers the same wherever it is carried.
module LoRi.Cli.Tests.EveryMethodTests

open System
open System.IO
open System.Text.Json
open System.Threading
open Expecto
open LoRi.Models
open LoRi.Models.Native
open LoRi.Runs.RunFolders
open LoRi.Runs.Training
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Cli.Tests.MethodCommands
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

/// Optimizer steps of a stage.
let private steps = 4

/// Sums of three digits, their rationale a list of two steps.
let writeSteps (path: string) =
    let random = SeededRandom(5L, "sums")

    File.WriteAllLines(
        path,
        [
            for _ in 1..12 do
                let a, b, c = random.Below 10, random.Below 10, random.Below 10
                let first, all = (a + b) % 10, (a + b + c) % 10

                JsonSerializer.Serialize
                    {|
                        question = $"{a} + {b} + {c} ="
                        rationale = [ $"{a} + {b} = {first}"; $"{first} + {c} = {all}" ]
                        answer = string all
                    |}
        ]
    )

/// A command line of a method, so many steps a stage.
let private commandOf steps (about: MethodFacts) adapters (folder: string) (output: string) =
    distilBy about folder
    @ (if adapters then smallAdapters else [])
    @ training folder steps output
    @ [ "--checkpoint-every"; "1" ]

let private command about adapters folder output =
    commandOf steps about adapters folder output

/// Every file of the trained model, with its modules and adapters.
let private model (run: string) =
    let final = Path.Combine(run, "final")

    [
        for file in Directory.GetFiles(final, "*", SearchOption.AllDirectories) |> Array.sort ->
            Path.GetRelativePath(final, file), Convert.ToHexString(File.ReadAllBytes file)
    ]

/// Ends a run after a step.
type private Breaking(after: int, source: CancellationTokenSource) =
    interface IRunScreen with
        member _.Line _ = ()
        member _.StepLine _ = ()
        member _.Phase _ = ()

        member _.Progress progress =
            if progress.Step >= after then
                source.Cancel()

/// Makes a run that ends after a step, and whose checkpoint of that step was not written any more.
let private breakOff (arguments: string list) (run: string) after =
    use source = new CancellationTokenSource()
    let settings = distillSettings (List.tail arguments)
    NativeRuntime.Load((NativeRuntimeOptions()).WithThreads(settings.Train.Threads))
    Expect.isFalse (TrainingStage.Run(settings, Breaking(after, source), source.Token)) "it was broken off"
    Directory.Delete(Path.Combine(run, "checkpoints", $"step-%06d{after}"), true)

/// Stages that train; what a collecting stage takes is kept on disk and tested with it.
let private stagesOf (method: IMethod) =
    use plan = method.Plan LoRi.Files.Settings.SettingValues.None

    [
        for stage in plan.Stages do
            if stage :? LearningStage then
                stage.Name
    ]

let private resumed (method: IMethod) adapters =
    test "it is broken off in every stage and goes on to the same bits" {
        withTiny (fun folder ->
            let path name = Path.Combine(folder, name)
            writeSteps (path "data.jsonl")
            let command = command method.About adapters folder
            succeed (lori (command "whole"))

            for number, stage in List.indexed (stagesOf method) do
                let output = $"broken-{stage}"
                breakOff (command output) (path output) (number * steps + 3)
                succeed (lori (command output @ [ "--resume" ]))
                Expect.equal (model (path output)) (model (path "whole")) $"stage {stage}: the trained model"
                Expect.equal (metrics (path output)) (metrics (path "whole")) $"stage {stage}: metrics")
    }

/// Steps of a stage that a process is killed in: enough of them that it is still at work when the kill comes.
let private longStage = 16

/// A process is killed (signal 9) a few steps into every stage.
let private killed (method: IMethod) =
    test "a process that is killed in every stage goes on to the same bits" {
        withTiny (fun folder ->
            let path name = Path.Combine(folder, name)
            writeSteps (path "data.jsonl")
            let command = commandOf longStage method.About false folder
            succeed (lori (command "whole"))

            for number, stage in List.indexed (stagesOf method) do
                let output = $"killed-{stage}"
                let last = number * longStage + 2
                let running = start (command output)

                let reached () =
                    Directory.Exists(Path.Combine(path output, "checkpoints", $"step-%06d{last}"))

                untilThere (fun () -> reached () || running.HasExited)
                running.Kill()
                let outcome = finish running
                Expect.equal outcome.Code 137 $"stage {stage}: killed, not ended; {outcome.Error}"
                succeed (lori (command output @ [ "--resume" ]))
                Expect.equal (model (path output)) (model (path "whole")) $"stage {stage}: the trained model"
                Expect.equal (metrics (path output)) (metrics (path "whole")) $"stage {stage}: metrics")
    }

/// What a model answers to the rows, timings apart.
let private predictions folder (model: string) =
    let output = Path.Combine(folder, "evaluation")

    succeed (
        lori
            [
                yield! [ "evaluate"; "--model"; model; "--data"; Path.Combine(folder, "data.jsonl") ]
                yield!
                    [
                        "--output"
                        output
                        "--limit"
                        "6"
                        "--max-new-tokens"
                        "12"
                        "--threads"
                        "1"
                    ]
            ]
    )

    let rows = TinyEvaluation.predictions output
    Directory.Delete(output, true)
    rows

let private generated options =
    (loriJson (
        [
            "generate"
            "--prompt"
            "1 + 2 + 3 ="
            "--max-new-tokens"
            "8"
            "--threads"
            "1"
            "--json"
        ]
        @ options
    ))
        .GetProperty("ids")
        .GetRawText()

let private carried (about: MethodFacts) adapters =
    test "it is exported, carried elsewhere and answers as before" {
        withTiny (fun folder ->
            let path name = Path.Combine(folder, name)
            writeSteps (path "data.jsonl")
            succeed (lori (command about adapters folder "run"))

            let answers, answer =
                predictions folder (path "run"), generated [ "--model"; path "run" ]

            succeed (lori [ "export"; "--model"; path "run"; "--output"; path "merged" ])

            if adapters then
                succeed (
                    lori
                        [
                            yield! [ "export"; "--model"; path "run"; "--output"; path "adapter" ]
                            yield! [ "--form"; "adapter"; "--base-model"; "someone/tiny" ]
                        ]
                )

            Directory.Delete(path "run", true)

            inFolder (fun elsewhere ->
                let place = Path.Combine(elsewhere, "model")
                Directory.Move(path "merged", place)
                Expect.equal (predictions folder place) answers "answers"
                Expect.equal (generated [ "--model"; place ]) answer "an answer"

                if adapters then
                    Directory.Move(path "adapter", Path.Combine(elsewhere, "adapter"))

                    let attached =
                        generated [ "--model"; path "model"; "--adapter"; Path.Combine(elsewhere, "adapter") ]

                    Expect.equal attached answer "an answer of base and adapter"))
    }

[<Tests>]
let tests =
    testList
        "Every method"
        [
            for method in KnownMethods.Students do
                for adapters in [ false; true ] do
                    let how = if adapters then "adapters" else "all weights"

                    testList
                        $"{method.About.Name}, {how}"
                        [
                            resumed method adapters
                            carried method.About adapters
                            if not adapters then
                                killed method
                        ]
        ]
