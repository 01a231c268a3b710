/// Teacher caches of the tiny model, whose batches are counted.
module LoRi.Training.Tests.TinyCaches

open System
open System.Collections.Generic
open System.IO
open Expecto
open LoRi.Math
open LoRi.Files
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Sequences
open LoRi.Training.Methods
open LoRi.Training.Methods.LoRi
open LoRi.Training.Teachers
open LoRi.Training.TeacherCaches
open LoRi.Training.Trajectories
open LoRi.Training.Tests.PreparedSteps
open LoRi.Training.Tests.TensorValues
open LoRi.Training.Tests.TinyTraining
open TorchSharp

/// A collection that is killed.
exception Killed

/// A teacher whose batches are counted, and which dies after some.
type Counted(source: IBatchedTrajectories, dies: int) =
    let read = List<int>()
    /// The batches that were computed.
    member _.Read = List.ofSeq read

    interface IBatchedTrajectories with
        member _.Batches = source.Batches

        member _.Read batch =
            if read.Count >= dies then
                raise Killed

            read.Add batch
            source.Read batch

    interface ITrajectorySource with
        member this.ForEach receive =
            for batch in 0 .. source.Batches.Count - 1 do
                use _ = torch.NewDisposeScope()
                receive.Invoke((this :> IBatchedTrajectories).Read batch)

let batchSize = 3

/// What is asked of a cache.
type Wanted =
    {
        Folder: string
        Rows: EncodedExample[]
        Settings: LoRiSettings
        Precision: Precision
        TeacherSeed: int64
        Levels: string
        TeacherText: string
        Given: MeasuredSubspace option
        Keep: bool
        ShardBytes: int64
        LargestScratch: int64
        Free: int64
        Dies: int
    }

let wanted folder =
    {
        Folder = folder
        Rows = data 12
        Settings = loriSettings
        Precision = Precision.Exact
        TeacherSeed = 2L
        Levels = "all"
        TeacherText = "full"
        Given = None
        Keep = false
        ShardBytes = 1L
        LargestScratch = Int64.MaxValue
        Free = Int64.MaxValue / 2L
        Dies = Int32.MaxValue
    }

let private dtypeName (precision: Precision) =
    match precision.Compute with
    | torch.ScalarType.Float64 -> "float64"
    | torch.ScalarType.Float32 -> "float32"
    | _ -> "bfloat16"

let private options (wanted: Wanted) =
    TeacherCacheOptions(
        Folder = wanted.Folder,
        MadeFrom =
            CacheIdentity.Of(
                $"teacher {wanted.TeacherSeed}",
                $"hash of teacher {wanted.TeacherSeed}",
                wanted.Rows,
                wanted.Levels,
                wanted.TeacherText,
                dtypeName wanted.Precision
            ),
        Rows = wanted.Rows,
        Settings = wanted.Settings,
        Given = Option.toObj wanted.Given,
        Levels = TracedLevels.All layers,
        Width = 16,
        BatchSize = batchSize,
        ShardBytes = wanted.ShardBytes,
        KeepTrajectories = wanted.Keep,
        LargestScratch = wanted.LargestScratch,
        FreeSpace = Func<_, _>(fun _ -> wanted.Free)
    )

/// Numbers that students are compared in: float32 for bfloat16.
let comparing (precision: Precision) =
    if precision.Compute = torch.ScalarType.Float64 then
        torch.ScalarType.Float64
    else
        torch.ScalarType.Float32

/// What opening a cache gave: what was made of its teacher, the batches that the teacher computed, and the log.
type Opened<'result> =
    {
        Result: Result<'result, exn>
        Computed: int list
        Log: string list
    }

/// Opens a cache with a counted teacher, and uses what it gives.
let openCache (wanted: Wanted) (run: LoRiTeacher -> 'result) : Opened<'result> =
    use model = model wanted.Precision wanted.TeacherSeed
    use like = torch.zeros (1L, dtype = comparing wanted.Precision)
    let log = List<string>()
    let mutable counted = None

    let teacher size =
        let source = ModelTrajectories(model, wanted.Rows, TracedLevels.All layers, size)
        let one = Counted(source, wanted.Dies)
        counted <- Some one
        one :> IBatchedTrajectories

    let result =
        try
            let gradients size =
                ModelTrajectories(model, wanted.Rows, TracedLevels.All layers, size, gradients = true)
                :> ITrajectorySource

            let cache =
                TeacherCache(options wanted, Func<_, _> teacher, Action<_> log.Add, gradients = Func<_, _> gradients)

            use opened = cache.Open like
            Ok(run opened)
        with
        | Killed
        | :? InputException as error -> Error error

    {
        Result = result
        Computed = counted |> Option.map _.Read |> Option.defaultValue []
        Log = List.ofSeq log
    }

/// What a cache gives that must open.
let opened (outcome: Opened<'result>) =
    match outcome.Result with
    | Ok result -> result
    | Error error -> failtest $"the cache does not open: {error}"

/// The one line with which a cache is refused.
let refused (outcome: Opened<'result>) =
    match outcome.Result with
    | Error(:? InputException as error) ->
        Expect.isFalse (error.Message.Contains '\n') "one line"
        error.Message
    | other -> failtest $"expected a refusal, found {other}"

/// The losses of the tiny student under every row of a data set, by name.
let losses (precision: Precision) (rows: EncodedExample[]) (teacher: LoRiTeacher) =
    use student = model precision 1L
    use _ = torch.NewDisposeScope()

    [
        for term in lossesOf (loriMethod teacher) student rows -> term.Name, number term.Value
    ]

/// The same losses, each to a relative tolerance.
let sameLosses tolerance (expected: (string * float) list) (found: (string * float) list) what =
    for (name, wanted), (_, found) in List.zip expected found do
        near tolerance wanted found $"{what}: {name}"

/// Runs something in a folder that is removed afterwards.
let inFolder (run: string -> unit) =
    NativeRuntime.Load()
    let folder = Directory.CreateTempSubdirectory("lori-cache").FullName

    try
        run (Path.Combine(folder, "cache"))
    finally
        Directory.Delete(folder, true)

/// All files of a cache but its index, by their names in it, with their bytes.
let contents (folder: string) =
    Map.ofList
        [
            for file in Directory.GetFiles(folder, "*.safetensors", SearchOption.AllDirectories) ->
                Path.GetRelativePath(folder, file), File.ReadAllBytes file
        ]

/// Between losses of the same float64 coordinates whose variances were summed in another order or taken from other tensors.
let rounding = 1e-10

/// As many batches as the tiny data set has.
let allBatches = [ 0..3 ]

let withSubspace change =
    LoRiSettings(change loriSettings.Subspace, loriSettings.Objective)

/// The losses without a cache: all targets in one file, everything measured from raw states.
let plain (wanted: Wanted) =
    use teacher = model wanted.Precision wanted.TeacherSeed

    let source =
        ModelTrajectories(teacher, wanted.Rows, TracedLevels.All layers, batchSize)

    let scratch = Path.GetTempFileName()

    try
        use like = torch.zeros (1L, dtype = comparing wanted.Precision)
        use targets = LoRiTeacher.Collect(source, wanted.Settings, scratch, like)
        losses wanted.Precision wanted.Rows targets
    finally
        File.Delete scratch

let cached (wanted: Wanted) =
    openCache wanted (losses wanted.Precision wanted.Rows)
