/// What a student starts from: another student's weights, or a subspace that was fitted before.
module LoRi.Cli.Tests.StudentStartTests

open System.IO
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Files.Safetensors
open LoRi.Models.Weights
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyEvaluation
open LoRi.Cli.Tests.TinyRun
open TorchSharp

/// The tensors of a final folder that two runs differ in, by the file they are in.
let private differing (first: string) (second: string) =
    [
        for file in [ "model.safetensors"; "lori.safetensors" ] do
            use a = SafetensorsFile.Open(path first file)
            use b = SafetensorsFile.Open(path second file)

            for entry in a.Entries do
                use x = a.ReadTensor(entry.Name, torch.ScalarType.Float64)
                use y = b.ReadTensor(entry.Name, torch.ScalarType.Float64)
                use distance = x.sub(y).abs().max()

                if distance.item<float>() > 1e-6 then
                    entry.Name
    ]

let private starts =
    [
        test "a student that starts from a student goes on with its markers and its projection" {
            withTiny (fun folder ->
                let student start steps output =
                    [ "distill"; "--method"; "latent-ce"; "--latent-steps"; "2"; "--model"; start ]
                    @ training folder steps output

                succeed (lori (student (path folder "model") 6 "first"))

                let still =
                    student (path folder "first") 1 "second" |> withOption "--learning-rate" "1e-12"

                succeed (lori still)
                Expect.equal (differing (path folder "first/final") (path folder "second/final")) [] "the weights"

                Expect.stringContains
                    (File.ReadAllText(path folder "second/log.txt"))
                    "its markers and its mlp projection are learned further"
                    "the log"

                succeed (lori (still @ [ "--projection"; "linear" ] |> withOption "--output" (path folder "third")))

                Expect.isFalse
                    ((File.ReadAllText(path folder "third/log.txt")).Contains "learned further")
                    "another projection begins anew")
        }
        test "a subspace that lacks what the objective needs is refused before the teacher runs" {
            withTiny (fun folder ->
                let trajectories, subspace =
                    path folder "t.safetensors", path folder "s.safetensors"

                let model, data = path folder "model", path folder "data.jsonl"

                for arguments in
                    [
                        [
                            "trajectories"
                            "--model"
                            model
                            "--data"
                            data
                            "--answer-prefix"
                            "So"
                            "--output"
                            trajectories
                        ]
                        [
                            "subspace"
                            "fit"
                            "--trajectories"
                            trajectories
                            "--weighting"
                            "none"
                            "--output"
                            subspace
                        ]
                    ] do
                    succeed (lori arguments)

                let run = distill folder 2 "run" @ [ "--subspace"; subspace ]
                expectError Failed $"--subspace {subspace}: the subspace has no variances of mean" run
                Expect.isFalse (Directory.Exists(path folder "run")) "nothing was begun"
                succeed (lori (run @ [ "--weighting"; "none" ])))
        }
    ]

[<Tests>]
let tests = testList "What a student starts from" starts
