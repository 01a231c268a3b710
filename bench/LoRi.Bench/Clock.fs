/// Measuring on a machine that others use too: seconds by the wall clock and of processor time, and pairs of a measurement with
/// a ceiling taken just before and just after it.
module LoRi.Bench.Clock

open System
open System.Diagnostics

/// What one run took, in seconds.
type Took = { Wall: float; Cpu: float }

/// Runs once. Processor time is of the whole process: with one thread it is what the work itself costs, whoever else computes.
let once (action: unit -> unit) : Took =
    let own = Process.GetCurrentProcess()
    let cpu = own.TotalProcessorTime
    let start = Stopwatch.GetTimestamp()
    action ()
    let wall = Stopwatch.GetElapsedTime(start).TotalSeconds
    own.Refresh()

    {
        Wall = wall
        Cpu = (own.TotalProcessorTime - cpu).TotalSeconds
    }

/// What a piece of work gives, and its seconds by the wall clock.
let timed (work: unit -> 'result) =
    let start = Stopwatch.GetTimestamp()
    let result = work ()
    result, Stopwatch.GetElapsedTime(start).TotalSeconds

/// Work a second, of the thing itself and of its ceiling.
type Sample = { Rate: float; Ceiling: float }

let share (sample: Sample) = sample.Rate / sample.Ceiling

let median (values: float list) =
    let sorted = List.sort values
    let middle = sorted.Length / 2

    if sorted.Length % 2 = 1 then
        sorted[middle]
    else
        (sorted[middle - 1] + sorted[middle]) / 2.0

/// Median and range, as they stand in tables.
let ranged (values: float list) =
    $"%.3g{median values} [%.3g{List.min values} - %.3g{List.max values}]"

/// One measurement between two of its ceiling; `seconds` chooses the clock.
let between
    (seconds: Took -> float)
    (ceilingWork: float, ceiling: unit -> unit)
    (work: float, action: unit -> unit)
    : Sample =
    let before = seconds (once ceiling)
    let own = seconds (once action)
    let after = seconds (once ceiling)

    {
        Rate = work / own
        Ceiling = 2.0 * ceilingWork / (before + after)
    }
