/// What files and pipes get of phases that last: few lines, and none about what is over at once.
module LoRi.Training.Tests.PlainScreenTests

open System
open System.Collections.Generic
open System.IO
open System.Threading
open Expecto
open LoRi.Runs.RunFolders

/// A clock that stands until it is moved, with its timers.
type private StoppedClock() =
    inherit TimeProvider()

    let timers = ResizeArray<StoppedTimer>()
    let mutable now = 0L
    override _.GetTimestamp() = now
    override _.TimestampFrequency = TimeSpan.TicksPerSecond

    override _.CreateTimer(callback, state, due, period) =
        let timer = new StoppedTimer(callback, state)
        timers.Add timer
        (timer :> ITimer).Change(due, period) |> ignore
        timer :> ITimer

    member _.Move(seconds: int) =
        for _ in 1..seconds do
            now <- now + TimeSpan.TicksPerSecond

            for timer in timers do
                timer.Tick()

and private StoppedTimer(callback: TimerCallback, state: objnull) =
    let mutable left = Timeout.InfiniteTimeSpan
    let mutable again = Timeout.InfiniteTimeSpan

    member _.Tick() =
        if left > TimeSpan.Zero then
            left <- left - TimeSpan.FromSeconds 1.0

            if left <= TimeSpan.Zero then
                left <- again
                callback.Invoke state

    interface ITimer with
        member _.Change(due, period) =
            left <- due
            again <- period
            true

        member _.Dispose() = left <- Timeout.InfiniteTimeSpan
        member _.DisposeAsync() = Tasks.ValueTask.CompletedTask

/// The lines that a screen writes.
let private lines (play: StoppedClock -> IRunScreen -> unit) =
    use out = new StringWriter(NewLine = "\n")
    let clock = StoppedClock()

    using (new PlainScreen(out, clock)) (fun screen ->
        play clock screen
        (screen :> IDisposable).Dispose()
        clock.Move 100)

    out.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries) |> List.ofArray

let private step =
    RunProgress(1, 2, 1.0, Dictionary<string, float>(), 1.0, 1.0, TimeSpan.Zero)

[<Tests>]
let tests =
    testList
        "PlainScreen"
        [
            test "what is over at once is not mentioned" {
                let found =
                    lines (fun clock screen ->
                        for name in [ "a"; "b"; "c" ] do
                            screen.Phase(RunPhase name)
                            clock.Move 10)

                Expect.isEmpty found "lines"
            }
            test "a phase that lasts is told, first after a while, then rarely" {
                let found =
                    lines (fun clock screen ->
                        screen.Phase(RunPhase "loading the model")
                        clock.Move 80)

                Expect.equal found [ for seconds in [ 15; 45; 75 ] -> $"loading the model, {seconds} s" ] "lines"
            }
            test "how much is done is told, and does not begin the phase anew" {
                let found =
                    lines (fun clock screen ->
                        for row in 1..40 do
                            screen.Phase(RunPhase("teacher's states", 100 * row, 4000))
                            clock.Move 1)

                Expect.equal found [ "teacher's states: 1,500 of 4,000 rows, 15 s" ] "lines"
            }
            test "a step ends a phase, a line does not" {
                let found =
                    lines (fun clock screen ->
                        screen.Phase(RunPhase "saving")
                        screen.Line "something happened"
                        clock.Move 20
                        screen.Progress step
                        clock.Move 100
                        screen.Phase(RunPhase "saving")
                        screen.StepLine "step 2"
                        clock.Move 100)

                Expect.equal found [ "something happened"; "saving, 15 s"; "step 2" ] "lines"
            }
        ]
