/// Steps that are shared among ranks: every method learns the same to the last bit, however many share them. The ranks are threads here.
module LoRi.Cli.Tests.SharedStepTests

open System
open System.IO
open System.Text.Json
open System.Threading
open Expecto
open LoRi.Cli
open LoRi.Files.Settings
open LoRi.Models.Native
open LoRi.Runs.Evaluate
open LoRi.Runs.RunFolders
open LoRi.Runs.Settings
open LoRi.Runs.Training
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Ranks
open LoRi.Training.Tests
open LoRi.Cli.Tests.MethodCommands
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

let private steps = 3

let private shared (method: IMethod option) adapters (folder: string) output =
    [
        match method with
        | None -> yield! [ "teach"; "--model"; Path.Combine(folder, "model") ]
        | Some method -> yield! distilBy method.About folder
        if adapters then
            yield! smallAdapters
        yield! training folder steps output
        yield!
            [
                "--accumulation"
                "4"
                "--validation-fraction"
                "0.2"
                "--eval-every"
                "2"
                "--keep"
                "best"
            ]
    ]

let private settingsOf (arguments: string list) =
    if arguments.Head = "teach" then
        teachSettings arguments.Tail
    else
        distillSettings arguments.Tail

/// Trains on some ranks; true on every rank where the run came to its end.
let private trainOn size (arguments: string list) (stopAfter: int option) =
    let settings = settingsOf arguments
    NativeRuntime.Load((NativeRuntimeOptions()).WithThreads(settings.Train.Threads))

    ThreadRanks.run size (fun ranks ->
        use source = new CancellationTokenSource()

        let screen =
            { new IRunScreen with
                member _.Line _ = ()
                member _.StepLine _ = ()
                member _.Phase _ = ()

                member _.Progress progress =
                    if stopAfter = Some progress.Step then
                        source.Cancel()
            }

        TrainingStage.Run(settings, screen, source.Token, ranks))

let private withRows (check: string -> unit) =
    withTiny (fun folder ->
        writeSteps (Path.Combine(folder, "data.jsonl")) 5L 24
        check folder)

let private equalBits name method adapters =
    test name {
        withRows (fun folder ->
            let learn size =
                let output = $"on-{size}"
                let ended = trainOn size (shared method adapters folder output) None
                Expect.equal ended (List.replicate size true) "came to its end"
                Path.Combine(folder, output)

            let alone = learn 1

            for size in [ 2; 4 ] do
                let run = learn size
                Expect.equal (finalFiles run) (finalFiles alone) $"{size} ranks: the trained model"
                Expect.equal (metrics run) (metrics alone) $"{size} ranks: metrics")
    }

/// Methods whose steps cannot be cut into parts cannot be shared either.
let private canBeCut (method: IMethod) =
    try
        let settings = settingsOf (shared (Some method) false "folder" "run")
        settings.Validate()
        true
    with :? SettingException ->
        false

let private resumed =
    test "a run that ends on some ranks goes on with others" {
        withRows (fun folder ->
            let line output =
                shared None true folder output @ [ "--checkpoint-every"; "1" ]

            trainOn 1 (line "whole") None |> ignore

            for sizes in [ [ 4; 2; 1 ]; [ 1; 4 ]; [ 2; 4 ] ] do
                let output = $"""from-{String.Join("-to-", sizes)}"""

                for made, size in List.indexed sizes do
                    let arguments = line output @ (if made = 0 then [] else [ "--resume" ])

                    if made < sizes.Length - 1 then
                        let stopped = trainOn size arguments (Some(made + 1))
                        Expect.equal stopped (List.replicate size false) "every rank stops after the same step"
                        let saved = checkpoints (Path.Combine(folder, output)) |> List.last
                        Expect.equal saved $"step-00000{made + 1}" "which is saved"
                    else
                        trainOn size arguments None |> ignore

                let run, whole = Path.Combine(folder, output), Path.Combine(folder, "whole")
                Expect.equal (finalFiles run) (finalFiles whole) $"{output}: the trained model"
                Expect.equal (metrics run) (metrics whole) $"{output}: metrics")
    }

let private refused size batch parts (expected: string list) =
    withRows (fun folder ->
        let settings =
            (settingsOf (shared None false folder "run"))
                .With(TrainSettings.BatchSize, batch)
                .With(TrainSettings.Accumulation, parts)

        Expect.throwsC
            (fun () -> ThreadRanks.run size (fun ranks -> StepSharing.Check(settings, ranks)) |> ignore)
            (fun e ->
                for part in expected do
                    Expect.stringContains e.Message part "the message"

                Expect.isTrue ((e :?> SettingException).IsUsage) "the command line is to blame"))

let private rules =
    test "a step that cannot be shared evenly is refused, with what to do" {
        refused 2 9 3 [ "--accumulation 3"; "3 parts"; "give --accumulation 2" ]
        refused 2 8 1 [ "1 part "; "give --accumulation 2" ]
        refused 4 2 2 [ "--batch-size"; "multiple of 4" ]
        refused 3 9 3 [ "3 processes"; "power of two" ]
    }

let private devices =
    test "unlike devices are refused, in a step and in an evaluation" {
        let on device =
            SettingValues.None.With(StageSettings.Device, device)

        let check size (deviceOf: int -> DeviceOption) =
            NativeRuntime.Load()

            ThreadRanks.run size (fun ranks -> SharedAnswers(ranks).Check(EvaluationOptions(on (deviceOf ranks.Rank))))
            |> ignore

        check 2 (fun _ -> DeviceOption.Cpu)
        check 1 (fun _ -> DeviceOption.Cuda)

        Expect.throwsC
            (fun () -> check 2 (fun rank -> if rank = 0 then DeviceOption.Cpu else DeviceOption.Cuda))
            (fun e -> Expect.stringContains e.Message "--device differs: rank 1 on " "the message")
    }

let private unlike =
    test "ranks that would not learn the same are refused" {
        withRows (fun folder ->
            let line seed =
                settingsOf (shared None false folder "run" @ [ "--seed"; string seed ])

            Expect.throwsC
                (fun () -> ThreadRanks.run 2 (fun ranks -> StepSharing.Agree(line ranks.Rank, ranks)) |> ignore)
                (fun e ->
                    Expect.stringContains e.Message "--seed differs" "what"
                    Expect.stringContains e.Message "rank 1 on " "who"))
    }

/// Trajectories of one form, which ranks share; the bytes of all files.
let private traced size (folder: string) (options: string list) =
    let name = $"trajectories-{size}{String.concat String.Empty options}"
    let output = Path.Combine(folder, name)
    Directory.CreateDirectory output |> ignore

    let settings =
        SettingOptions.read
            Commands.Trajectories
            ([
                "--model"
                Path.Combine(folder, "model")
                "--data"
                Path.Combine(folder, "data.jsonl")
             ]
             @ [
                 "--output"
                 Path.Combine(output, "states.safetensors")
                 "--batch-size"
                 "5"
                 "--threads"
                 "1"
             ]
             @ options)

    NativeRuntime.Load((NativeRuntimeOptions()).WithThreads 1)

    let found =
        ThreadRanks.run size (fun ranks -> TrajectoriesStage.Run(settings, (fun _ -> ()), ranks))

    [ for result in found.Tail -> result.Files.Count ],
    [
        for file in List.sort (List.ofSeq found.Head.Files) -> Path.GetFileName file, File.ReadAllBytes file
    ]

let private sharedTrajectories =
    test "trajectories that ranks share have the bytes of one process" {
        withRows (fun folder ->
            for options in [ []; [ "--gradients" ]; [ "--shard-size"; "20KiB" ] ] do
                let _, alone = traced 1 folder options

                if List.contains "--shard-size" options then
                    Expect.isGreaterThan alone.Length 2 "several files"

                for size in [ 2; 4 ] do
                    let others, files = traced size folder options
                    Expect.equal others (List.replicate (size - 1) 0) "the first rank writes"
                    Expect.isTrue (files = alone) $"{size} ranks, {options}")
    }

/// The rows of an evaluation without its timings.
let private predictions (folder: string) =
    [
        for line in File.ReadAllLines(Path.Combine(folder, "predictions.jsonl")) ->
            [
                for value in JsonDocument.Parse(line).RootElement.EnumerateObject() do
                    if value.Name <> "seconds" then
                        value.Name, value.Value.GetRawText()
            ]
    ]

let private answered =
    test "questions that are shared get the same answers, in the same order" {
        withRows (fun folder ->
            let path name = Path.Combine(folder, name)

            let evaluate size output resume =
                let options =
                    EvaluationOptions(
                        SettingOptions.read
                            Commands.Evaluate
                            [
                                yield!
                                    [
                                        "--model"
                                        path "model"
                                        "--data"
                                        path "data.jsonl"
                                        "--output"
                                        path output
                                    ]
                                yield! [ "--batch-size"; "5"; "--max-new-tokens"; "4"; "--threads"; "1" ]
                                if resume then
                                    "--resume"
                            ]
                    )

                ThreadRanks.run size (fun ranks ->
                    EvaluationStage.Run(options, Action<string> ignore, CancellationToken.None, ranks)
                    |> isNull)

            Expect.equal (evaluate 1 "alone" false) [ false ] "a summary"

            for size in [ 2; 4 ] do
                let output = $"on-{size}"
                let expected = List.init size (fun rank -> rank > 0)
                Expect.equal (evaluate size output false) expected "the first rank has a summary"
                Expect.equal (predictions (path output)) (predictions (path "alone")) $"{size} ranks"

                // A part of the answers, and no summary: what a run that was killed leaves.
                File.Delete(path $"{output}/evaluation.json")
                let lines = File.ReadAllLines(path $"{output}/predictions.jsonl")
                File.WriteAllLines(path $"{output}/predictions.jsonl", Array.truncate 12 lines)
                Expect.equal (evaluate size output true) expected "resumed"
                Expect.equal (predictions (path output)) (predictions (path "alone")) $"{size} ranks, resumed")
    }

[<Tests>]
let tests =
    testList
        "Shared steps"
        [
            equalBits "the explicit teacher, all weights" None false
            equalBits "the explicit teacher, adapters" None true
            for method in KnownMethods.Students |> Seq.filter canBeCut do
                equalBits $"{method.About.Name}, all weights" (Some method) false
                equalBits $"{method.About.Name}, adapters" (Some method) true
            resumed
            rules
            devices
            unlike
            answered
            sharedTrajectories
        ]
    |> testSequenced
