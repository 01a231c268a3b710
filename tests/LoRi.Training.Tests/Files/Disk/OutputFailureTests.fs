/// Outputs that cannot be written, and what killed processes left of them.
module LoRi.Training.Tests.OutputFailureTests

open System
open System.Collections.Generic
open System.Diagnostics
open System.IO
open Expecto
open LoRi.Files
open LoRi.Files.Disk
open LoRi.Runs.RunFolders

let private inFolder (check: string -> unit) =
    let folder = Directory.CreateTempSubdirectory("lori-output").FullName

    try
        check folder
    finally
        Directory.Delete(folder, true)

let private needsFull () =
    if not (File.Exists "/dev/full") then
        skiptest "/dev/full is not available"

type private Screen() =
    member val Lines = List<string>()

    interface IRunScreen with
        member this.Line text = this.Lines.Add text
        member this.StepLine text = this.Lines.Add text
        member _.Progress _ = ()
        member _.Phase _ = ()

let private row =
    MetricsRow(1, 2L, 3.0, Dictionary<string, float>(), 0.1, 0.2, 3.0, 4.0)

let private full =
    [
        test "a log that cannot be written ends no run, and is told once" {
            needsFull ()
            let screen = Screen()
            use log = new RunLog("/dev/full", screen)
            log.Info "one"
            log.Warn "two"
            log.Step "three"
            let told = screen.Lines |> Seq.filter _.Contains("/dev/full") |> List.ofSeq
            Expect.hasLength told 1 "told once"
            Expect.stringContains told.Head "the run continues" "what it means"
            Expect.hasLength (Seq.except told screen.Lines |> List.ofSeq) 3 "all lines are on the screen"
        }
        test "metrics that cannot be written end a run, and name the file and what it goes on from" {
            needsFull ()

            let broken = AppendedFile.Open "/dev/full"

            let message =
                try
                    AppendedFile.Write(broken, "/dev/full", "{}", (fun () -> "step-7 is whole"))
                    ""
                with :? InputException as e ->
                    e.Message

            AppendedFile.Close broken
            Expect.stringStarts message "/dev/full: cannot be written (" "the file"
            Expect.stringEnds message "step-7 is whole" "what it goes on from"
        }
        test "curves that cannot be written end no run" {
            inFolder (fun folder ->
                let blocked = Path.Combine(folder, "tensorboard")
                File.WriteAllText(blocked, "")
                let told = List<string>()
                use events = EventFile.Create(blocked, [], Action<string> told.Add)
                events.Add(row.ToJson())
                Expect.hasLength told 1 "told once"
                Expect.stringContains told[0] blocked "which")
        }
    ]

/// The number of a process that is no more.
let private ended =
    lazy
        (use running = Process.Start("dotnet", "--version")
         running.WaitForExit()
         running.Id)

let private hex = String('a', 32)

/// Files and folders with a file, by name; which of them are there afterwards.
let private remaining (entries: string list) (work: string -> unit) =
    let mutable left = []

    inFolder (fun folder ->
        for entry in entries do
            if entry.StartsWith ".partial-" then
                let whole = Directory.CreateDirectory(Path.Combine(folder, entry)).FullName
                File.WriteAllText(Path.Combine(whole, "weights"), "x")
            else
                File.WriteAllText(Path.Combine(folder, entry), "x")

        work folder

        left <-
            [
                for path in Directory.GetFileSystemEntries folder -> nonNull (Path.GetFileName path)
            ])

    set left

let private leftovers =
    [
        test "a file takes away what killed processes left of it, and nothing else" {
            let gone = $"out.json.{ended.Value}-{hex}.tmp"

            let kept =
                [
                    $"out.json.{Environment.ProcessId}-{hex}.tmp"
                    $"other.json.{ended.Value}-{hex}.tmp"
                    $"out.json.{ended.Value}-{hex}.tmp.bak"
                    "out.json.tmp"
                ]

            let found =
                remaining (gone :: kept) (fun folder -> AtomicFile.WriteText(Path.Combine(folder, "out.json"), "{}"))

            Expect.equal found (set ("out.json" :: kept)) "what stays"
        }
        test "a file that another process holds stays" {
            let held = $"out.json.{ended.Value}-{hex}.tmp"

            let found =
                remaining [ held ] (fun folder ->
                    use _ =
                        new FileStream(Path.Combine(folder, held), FileMode.Open, FileAccess.ReadWrite, FileShare.None)

                    AtomicFile.WriteText(Path.Combine(folder, "out.json"), "{}"))

            Expect.equal found (set [ "out.json"; held ]) "what stays"
        }
        test "a folder takes away what killed processes left of it, and holds nothing of the lock" {
            let gone = $".partial-{ended.Value}-{hex}-model"

            let kept =
                [
                    $".partial-{Environment.ProcessId}-{hex}-model"
                    $".partial-{ended.Value}-{hex}-other"
                ]

            let mutable content = []

            let found =
                remaining (gone :: kept) (fun folder ->
                    let target = Path.Combine(folder, "model")
                    AtomicFolder.Write(target, (fun inner -> File.WriteAllText(Path.Combine(inner, "a"), "")))
                    content <- [ for path in Directory.GetFiles target -> nonNull (Path.GetFileName path) ])

            Expect.equal found (set ("model" :: kept)) "what stays"
            Expect.equal content [ "a" ] "what is in it"
        }
    ]

[<Tests>]
let tests = testList "Output failures" (full @ leftovers)
