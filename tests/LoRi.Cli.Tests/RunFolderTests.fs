/// Folders that --resume must not take for its own, runs that are no model yet, and the checkpoints that a lost run needs.
module LoRi.Cli.Tests.RunFolderTests

open System.IO
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Runs.RunFolders
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyEvaluation
open LoRi.Cli.Tests.TinyRun

let private content folder =
    [
        for name in Directory.GetFiles(folder, "*", SearchOption.AllDirectories) |> Array.sort ->
            Path.GetRelativePath(folder, name), File.ReadAllBytes name
    ]

let private foreign =
    [
        test "--resume leaves folders alone that are no run" {
            withTiny (fun folder ->
                let model = path folder "model"
                File.WriteAllText(path model "notes.tmp", "mine")
                let before = content model

                expectError Failed "nothing that this command could resume" (teach folder 2 "model" @ [ "--resume" ])

                expectError
                    Failed
                    "nothing that this command could resume"
                    (evaluate folder "model" "model" @ [ "--resume" ])

                Expect.equal (content model) before "the model"

                let own = Directory.CreateDirectory(path folder "own").FullName
                File.WriteAllText(path own "thesis.tmp", "mine")

                for arguments in [ teach folder 2 "own"; evaluate folder "model" "own" ] do
                    expectError Failed "the folder holds thesis.tmp, but nothing" (arguments @ [ "--resume" ])

                Expect.equal (content own).Length 1 "nothing more, nothing less"
                succeed (lori (evaluate folder "model" "answers" |> withOption "--latency-questions" "0"))
                let evaluation = content (path folder "answers")

                expectError Failed "nothing that this command could resume" (teach folder 2 "answers" @ [ "--resume" ])

                Expect.equal (content (path folder "answers")) evaluation "the evaluation")
        }
        test "a run keeps what others put beside its files" {
            withTiny (fun folder ->
                succeed (lori (teach folder 2 "run"))
                Directory.Delete(path folder "run/final", true)
                File.WriteAllText(path folder "run/mine.tmp", "mine")
                let left = path folder "run/config.json.77-0123456789abcdef0123456789abcdef.tmp"
                File.WriteAllText(left, "half")
                succeed (lori (teach folder 2 "run" @ [ "--resume" ]))
                Expect.isTrue (File.Exists(path folder "run/mine.tmp")) "theirs"
                Expect.isFalse (File.Exists left) "ours")
        }
        test "a finished run says where it is resumed with data that it does not read" {
            withTiny (fun folder ->
                let command = teach folder 2 "run"
                succeed (lori command)
                let same = lori (command @ [ "--resume" ])
                succeed same
                Expect.isFalse (same.Error.Contains "is not read") "the same data"
                writeData (path folder "more.jsonl") 4L 10

                let other =
                    lori (command @ [ "--resume" ] |> withOption "--data" (path folder "more.jsonl"))

                succeed other
                Expect.stringContains other.Error "more.jsonl is not read: this run has learnt from" "other data")
        }
        test "a run that has not come to its end is no model" {
            withTiny (fun folder ->
                succeed (lori (teach folder 2 "run"))
                Directory.Delete(path folder "run/final", true)

                for arguments in
                    [
                        evaluate folder "run" "e"
                        distill folder 2 "s" |> withOption "--teacher" (path folder "run")
                        [ "generate"; "--model"; path folder "run"; "--prompt"; "1" ]
                    ] do
                    expectError Failed "this run has not come to its end, so there is no model in it" arguments)
        }
    ]

let private kept =
    [
        test "while a run looks lost, the checkpoint from before is kept beside the last two" {
            inFolder (fun folder ->
                let run = RunDirectory.Create(path folder "run", false)

                let steps () =
                    [ for struct (step, _) in run.Checkpoints() -> step ]

                let save step sound =
                    run.SaveCheckpoint(
                        step,
                        (fun at -> File.WriteAllText(path at "w", "")),
                        sound = System.Nullable sound
                    )

                    steps ()

                Expect.equal [ for step in [ 10; 20; 30 ] -> List.length (save step step) ] [ 1; 2; 2 ] "all is well"
                Expect.equal (save 40 34) [ 30; 40 ] "the loss has grown since step 35"
                Expect.equal (save 50 34) [ 30; 40; 50 ] "and has not fallen"
                Expect.equal (save 60 34) [ 30; 50; 60 ] "yet"
                Expect.equal (save 70 70) [ 60; 70 ] "all is well again")
        }
        test "a run that diverges names a checkpoint from before" {
            withTiny (fun folder ->
                let run =
                    teach folder 200 "run"
                    @ [ "--clip"; "0"; "--schedule"; "constant"; "--warmup-steps"; "199" ]
                    |> withOption "--learning-rate" "20"

                let outcome = lori run
                Expect.equal outcome.Code Failed outcome.Error
                Expect.stringContains outcome.Error "the last good checkpoint is" "message")
        }
    ]

[<Tests>]
let tests = testList "Folders of runs" (foreign @ kept)
