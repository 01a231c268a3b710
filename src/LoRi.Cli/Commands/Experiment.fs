/// `lori experiment`: plans, runs and shows the cells of a matrix.
module LoRi.Cli.Commands.Experiment

open System
open System.IO
open LoRi.Cli
open LoRi.Files
open LoRi.Files.Settings
open LoRi.Models.Native
open LoRi.Runs.Experiments
open LoRi.Runs.Settings
open LoRi.Training.Ranks

let private minutes (seconds: Nullable<float>) =
    if seconds.HasValue then
        $"%.1f{seconds.Value / 60.0}"
    else
        "?"

let private number (value: Nullable<float>) : Json.Value =
    if value.HasValue then Json.number value.Value else null

let private count (value: Nullable<int>) : Json.Value =
    if value.HasValue then Json.whole value.Value else null

let private planJson (plan: ExperimentPlan) =
    Json.object
        [
            "cells", Json.whole plan.Cells
            "done", Json.whole plan.Done
            "seconds", number plan.Seconds
            "fits", count plan.Fits
            "unmeasured", Json.whole plan.Unmeasured
            "groups",
            Json.list
                [
                    for group in plan.Groups ->
                        Json.object
                            [
                                "block", Json.text group.Block
                                "task", Json.text group.Task
                                "model", Json.text group.Model
                                "method", Json.text group.Method
                                "variant", Json.text group.Variant
                                "budget", Json.text group.Budget
                                "steps", Json.whole group.Steps
                                "cells", Json.whole group.Cells
                                "done", Json.whole group.Done
                                "seconds", number group.Seconds
                                "fits", count group.Fits
                            ]
                ]
        ]

let private showPlan (terminal: Terminal) (plan: ExperimentPlan) =
    let withBudget = plan.Fits.HasValue

    Terminal.writeTable
        terminal
        ([
            "block"
            "task"
            "model"
            "method"
            "varied"
            "steps"
            "cells"
            "done"
            "minutes"
         ]
         @ (if withBudget then [ "fit" ] else []))
        [
            for group in plan.Groups ->
                [
                    group.Block
                    group.Task
                    group.Model
                    group.Method
                    group.Variant
                    string group.Steps
                    string group.Cells
                    string group.Done
                    minutes group.Seconds
                ]
                @ (if withBudget then [ string group.Fits ] else [])
        ]

    let unmeasured =
        if plan.Unmeasured > 0 then
            $"; the steps of equal time follow from {plan.Unmeasured} paces, which are measured where --output is named"
        else
            ""

    terminal.Out.WriteLine
        $"{plan.Cells} cells, {plan.Done} of them finished; the rest takes {minutes plan.Seconds} minutes{unmeasured}"

    if withBudget then
        terminal.Out.WriteLine $"{plan.Fits.Value} of them fit into the budget"

/// Shows what the cells of a matrix will take.
let plan (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let settings = SettingOptions.read ExperimentSettings.Plan arguments

    if not (isNull (settings.Get ExperimentSettings.Calibrated)) then
        NativeRuntime.Load(native.WithThreads(Nullable(settings.Get ExperimentSettings.Threads)))

    let tell = Action<string>(fun line -> terminal.Error.WriteLine line)
    let found = ExperimentStage.Plan(settings, tell)

    if settings.Get StageSettings.Json then
        Terminal.writeJson terminal (planJson found)
    else
        showPlan terminal found

let private tellOutcome (terminal: Terminal) (settings: SettingValues) (outcome: ExperimentOutcome) =
    if settings.Get StageSettings.Json then
        Terminal.writeJson
            terminal
            (Json.object
                [
                    "finished", Json.whole outcome.Finished
                    "finished_before", Json.whole outcome.Before
                    "failed", Json.whole outcome.Failed
                    "left", Json.whole outcome.Left
                    "seconds", Json.number outcome.Seconds
                ])
    else
        terminal.Out.WriteLine
            $"{outcome.Finished} cells finished in %.1f{outcome.Seconds / 60.0} minutes, {outcome.Before} were before; {outcome.Failed} failed, {outcome.Left} are left"

    if outcome.Failed > 0 then
        raise (
            InputException
                $"{settings.Get ExperimentSettings.Output}: {outcome.Failed} cells failed; `lori experiment status` says why, and the same command runs them again"
        )

/// Runs cells in this process, or in this one of several; every one tells of its own.
let private runShare
    (terminal: Terminal)
    (native: NativeRuntimeOptions)
    (settings: SettingValues)
    (ranks: ICommunicator)
    =
    NativeRuntime.Load(native.WithThreads(Nullable(settings.Get ExperimentSettings.Threads)))
    let who = if ranks.Size > 1 then $"rank {ranks.Rank}: " else ""
    let tell = Action<string>(fun line -> terminal.Error.WriteLine $"{who}{line}")

    Stages.interruptibleShare (ranks.Size > 1) (fun stop -> ExperimentStage.Run(settings, tell, stop, ranks))

/// Runs the cells of a matrix.
let run (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let settings = SettingOptions.read ExperimentSettings.Run arguments
    let option = settings.Get ExperimentSettings.Ranks

    match Ranks.together option (settings.Get StageSettings.RankTimeout) (runShare terminal native settings) with
    | null -> ()
    | outcome -> tellOutcome terminal settings outcome

/// Shows where the cells of an experiment stand.
let status (terminal: Terminal) (_: NativeRuntimeOptions) arguments =
    let settings = SettingOptions.read ExperimentSettings.Status arguments
    let found = ExperimentStage.Status(settings.Get ExperimentSettings.Folder)
    let states = found.Cells |> Seq.countBy _.State |> List.ofSeq

    let count state =
        found.Cells |> Seq.filter (fun cell -> cell.State = state) |> Seq.length

    if settings.Get StageSettings.Json then
        let cells =
            [
                for cell in found.Cells ->
                    Json.object
                        [
                            "name", Json.text cell.Name
                            "id", Json.text cell.Id
                            "state", Json.text cell.State
                            "note", Json.text cell.Note
                        ]
            ]

        let counts =
            [
                for state in [ "done"; "running"; "failed"; "left" ] -> state, Json.whole (count state)
            ]

        Terminal.writeJson
            terminal
            (Json.object (counts @ [ "seconds_left", number found.SecondsLeft; "cells", Json.list cells ]))
    else
        Terminal.writeTable
            terminal
            [ "cell"; "folder"; "state"; "" ]
            [ for cell in found.Cells -> [ cell.Name; cell.Id; cell.State; cell.Note ] ]

        let told = String.Join(", ", [ for state, number in states -> $"{number} {state}" ])
        terminal.Out.WriteLine $"{told}; what is left takes {minutes found.SecondsLeft} minutes, one after the other"

let private showTables (terminal: Terminal) (tables: TextTable seq) =
    for one in tables do
        terminal.Out.WriteLine()
        terminal.Out.WriteLine one.Heading
        Terminal.writeTable terminal (List.ofSeq one.Headers) [ for row in one.Rows -> List.ofSeq row ]

let private asText (terminal: Terminal) (table: ExperimentTable) =
    terminal.Out.WriteLine $"{table.Title}."
    terminal.Out.WriteLine $"{table.Provenance}."
    showTables terminal (table.Tables())

/// Writes to the file that is named, or to the screen where none is.
let private writeTo (terminal: Terminal) (settings: SettingValues) (write: Terminal -> unit) =
    match settings.Get ExperimentSettings.TableOutput with
    | null -> write terminal
    | path ->
        use text = new StringWriter(NewLine = "\n")

        write
            { terminal with
                Out = text
                Colour = false
            }

        ExperimentTable.Save(path, text.ToString())
        terminal.Out.WriteLine $"Written: {path}"

/// Shows what an experiment found.
let table (terminal: Terminal) (_: NativeRuntimeOptions) arguments =
    let settings = SettingOptions.read ExperimentSettings.Table arguments
    let found = ExperimentTable.Read settings

    writeTo terminal settings (fun target ->
        match settings.Get ExperimentSettings.Form with
        | TableForm.Markdown -> target.Out.Write(Terminal.forTerminal target (found.Markdown()))
        | TableForm.Json -> Terminal.writeJson target (found.Json())
        | TableForm.Html -> target.Out.Write(found.Html())
        | _ -> asText target found)

/// Shows the claims of several experiments together.
let claims (terminal: Terminal) (_: NativeRuntimeOptions) arguments =
    let settings = SettingOptions.read ExperimentSettings.ClaimsTogether arguments
    let found = ClaimList.Read settings

    writeTo terminal settings (fun target ->
        match settings.Get ExperimentSettings.ClaimForm with
        | TableForm.Markdown -> target.Out.Write(Terminal.forTerminal target (found.Markdown()))
        | TableForm.Json -> Terminal.writeJson target (found.Json())
        | _ -> showTables target (found.Tables()))
