/// Locks of files, which programs that share a folder keep each other out by.
module LoRi.Training.Tests.FileLockTests

open System
open System.IO
open System.Threading
open System.Threading.Tasks
open Expecto
open LoRi.Files.Disk

let private withLock (run: string -> unit) =
    let folder = Directory.CreateTempSubdirectory("lori-lock").FullName

    try
        run (Path.Combine(folder, ".lock"))
    finally
        Directory.Delete(folder, true)

let private wait path (notes: ResizeArray<string>) (longest: Nullable<TimeSpan>) stop =
    FileLock.Wait(path, Action<_> notes.Add, "another does", longest, stop)

[<Tests>]
let tests =
    testList
        "File locks"
        [
            testCase "one has it at a time"
            <| fun () ->
                withLock (fun path ->
                    let first = FileLock.TryOpen path
                    Expect.isNotNull first "free"
                    Expect.isNull (FileLock.TryOpen path) "taken"
                    Expect.isTrue (FileLock.KeepsOthersOut path) "it works here"
                    (nonNull first).Dispose()
                    use again = FileLock.TryOpen path
                    Expect.isNotNull again "free again"
                    Expect.isTrue (File.Exists path) "the file stays")

            testCase "whoever waits has it when it is free"
            <| fun () ->
                withLock (fun path ->
                    let held = nonNull (FileLock.TryOpen path)
                    let notes = ResizeArray()

                    let waiting =
                        Task.Run(fun () -> wait path notes (Nullable()) CancellationToken.None)

                    Expect.isFalse (waiting.Wait 500) "it waits"
                    held.Dispose()
                    use _ = waiting.Result
                    Expect.sequenceEqual notes [ $"another does; waiting for {path}" ] "told once")

            testCase "waiting ends when it is asked to"
            <| fun () ->
                withLock (fun path ->
                    use _ = nonNull (FileLock.TryOpen path)
                    use stop = new CancellationTokenSource(300)

                    Expect.throwsT<OperationCanceledException>
                        (fun () -> (wait path (ResizeArray()) (Nullable()) stop.Token).Dispose())
                        "it stops")

            testCase "waiting ends after the longest time"
            <| fun () ->
                withLock (fun path ->
                    use _ = nonNull (FileLock.TryOpen path)

                    Expect.throwsT<IOException>
                        (fun () ->
                            (wait path (ResizeArray()) (Nullable(TimeSpan.FromSeconds 0.3)) CancellationToken.None)
                                .Dispose())
                        "it gives up")

            testCase "what cannot be written is not taken for held"
            <| fun () ->
                withLock (fun path ->
                    Directory.CreateDirectory path |> ignore

                    Expect.throwsT<UnauthorizedAccessException>
                        (fun () -> FileLock.TryOpen path |> ignore)
                        "a folder is in its place")
        ]
