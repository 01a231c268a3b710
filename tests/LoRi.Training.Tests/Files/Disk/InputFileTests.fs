/// What is no regular file is refused at once by every reader, and what has no end is read up to a limit.
module LoRi.Training.Tests.InputFileTests

open System
open System.IO
open System.Net.Sockets
open System.Runtime.InteropServices
open System.Text
open System.Text.RegularExpressions
open System.Threading.Tasks
open Expecto
open LoRi.Files
open LoRi.Files.Data
open LoRi.Files.Disk
open LoRi.Files.Gguf
open LoRi.Files.Hub
open LoRi.Files.Json
open LoRi.Files.Safetensors
open LoRi.Files.Tokenizers
open LoRi.Models.Adapters
open LoRi.Models.Native
open LoRi.Models.Weights
open LoRi.Runs.Evaluate
open LoRi.Runs.Inspect
open LoRi.Runs.Plans
open LoRi.Runs.RunFolders
open LoRi.Runs.Scoring
open LoRi.Runs.Settings
open LoRi.Training.TeacherCaches
open LoRi.Training.Trajectories
open LoRi.Cli.Tests

[<DllImport("libc", EntryPoint = "mkfifo")>]
extern int private makePipe(string path, uint32 mode)

let private withFolder check =
    let folder = Directory.CreateTempSubdirectory("lori-kinds-").FullName

    try
        check folder
    finally
        Directory.Delete(folder, true)

/// The message of a refusal, which has to come at once.
let private refusal what (read: unit -> unit) =
    let work =
        Task.Run(fun () ->
            try
                read ()
                "accepted"
            with
            | :? InputException as e -> e.Message
            | e -> e.ToString())

    if work.Wait(TimeSpan.FromSeconds 30.0) then
        work.Result
    else
        failtest $"{what} hangs"

/// Every reader: the file's name in its folder, and what reads it.
let private readers: (string * (string -> unit)) list =
    let data format (path: string) =
        ReasoningData.Read(path, DataOptions(Format = format)) |> ignore

    let inFolder (read: string -> unit) (path: string) =
        read (Path.GetDirectoryName path |> nonNull)

    [
        "x.safetensors", (fun path -> SafetensorsFile.Open(path).Dispose())
        "x.gguf", (fun path -> GgufFile.Open(path).Dispose())
        "config.json", (fun path -> JsonFile.ReadObject path |> ignore)
        "model.safetensors.index.json", inFolder (fun folder -> SafetensorsCheckpoint.Open(folder).Dispose())
        "model.safetensors", inFolder (fun folder -> SafetensorsCheckpoint.Open(folder).Dispose())
        "data.jsonl", data (Nullable())
        for format in Enum.GetValues<DataFormat>() do
            $"data.{format}", data (Nullable format)
        "options.json", (fun path -> OptionFile.Read path |> ignore)
        "tokenizer.json", (fun path -> TokenizerFile.Load path |> ignore)
        "tokenizer_config.json",
        inFolder (fun folder ->
            File.WriteAllText(Path.Combine(folder, "tokenizer.json"), TinyFolder.tokenizer)
            TokenizerFile.Load folder |> ignore)
        "chat_template.jinja",
        inFolder (fun folder ->
            File.WriteAllText(Path.Combine(folder, "tokenizer.json"), TinyFolder.tokenizer)
            TokenizerFile.Load folder |> ignore)
        "outputs.jsonl", (fun path -> PredictionFile.Read path |> ignore)
        "predictions.jsonl", (fun path -> EvaluationAnswers.Read path |> ignore)
        "metrics.jsonl", (fun path -> MetricsFile.Read path |> ignore)
        "subspace.safetensors", (fun path -> SubspaceFile.Read path |> ignore)
        "shard.safetensors", (fun path -> ContentHash.OfFile path |> ignore)
        "adapter_config.json", inFolder (fun folder -> AdapterConfigReader.Read folder |> ignore)
        "index.json", (fun path -> CacheIndex.Read path |> ignore)
        "anything", (fun path -> Inspection.Of path |> ignore)
        "blob", (fun path -> BlobHash.IsOf(path, RemoteFile("blob", 0L, String('0', 64))) |> ignore)
    ]

/// Things that are no regular files, and how a message calls them.
let private kinds =
    [
        "a pipe", (fun path -> Expect.equal (makePipe (path, 0o600u)) 0 "mkfifo")
        "a link to a pipe",
        (fun path ->
            makePipe (path + ".pipe", 0o600u) |> ignore
            File.CreateSymbolicLink(path, path + ".pipe") |> ignore)
        "a link to a device", (fun path -> File.CreateSymbolicLink(path, "/dev/zero") |> ignore)
        "a link to an empty device", (fun path -> File.CreateSymbolicLink(path, "/dev/null") |> ignore)
        "a socket",
        (fun path ->
            // Disposing of it would remove its name.
            let socket =
                new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)

            socket.Bind(UnixDomainSocketEndPoint path))
        "a folder", (fun path -> Directory.CreateDirectory path |> ignore)
    ]

let private irregular =
    [
        for kind, make in kinds do
            test $"{kind} is refused at once by every reader" {
                if not (OperatingSystem.IsLinux()) then
                    skiptest "needs Linux"

                for name, read in readers do
                    // A folder of that name is another thing to some.
                    if
                        kind <> "a folder"
                        || not (
                            List.contains
                                name
                                [
                                    "anything"
                                    "chat_template.jinja"
                                    "tokenizer_config.json"
                                    "tokenizer.json"
                                    "model.safetensors.index.json"
                                    "model.safetensors"
                                    "adapter_config.json"
                                ]
                        )
                    then
                        withFolder (fun folder ->
                            let path = Path.Combine(folder, name)
                            make path
                            let message = refusal $"{kind} as {name}" (fun () -> read path)

                            Expect.stringContains
                                message
                                (kind.Replace("a link to ", "").Replace("an empty", "a"))
                                $"{kind} as {name}"

                            Expect.stringContains message name $"{kind} as {name}: the file is named")
            }
    ]

let private limits =
    [
        test "a file that states no length is read to its end, a longer one than allowed is not" {
            if OperatingSystem.IsLinux() then
                Expect.isNonEmpty (InputFile.ReadBytes("/proc/self/status", 1L <<< 20)) "status"

                Expect.throwsC (fun () -> InputFile.ReadBytes("/proc/self/status", 10L) |> ignore) (fun e ->
                    Expect.stringContains e.Message "has more than" "too long")

            withFolder (fun folder ->
                let path = Path.Combine(folder, "x")
                File.WriteAllBytes(path, [| 1uy .. 10uy |])
                Expect.equal (InputFile.ReadBytes(path, 10L)) [| 1uy .. 10uy |] "all"
                Expect.equal (InputFile.Start(path, 4)) [| 1uy .. 4uy |] "start"
                Expect.equal (InputFile.Start(path, 40)) [| 1uy .. 10uy |] "a short one"

                Expect.throwsC (fun () -> InputFile.ReadBytes(path, 9L) |> ignore) (fun e ->
                    Expect.equal
                        e.Message
                        $"{path}: has more than the 0.0 KiB that such a file may have; check that it is the right file"
                        "limit"))
        }
        test "sparse files of many gigabytes are refused without being read" {
            withFolder (fun folder ->
                for name, read in readers do
                    if
                        name <> "blob"
                        && name <> "shard.safetensors"
                        && not (name.EndsWith("Icot", StringComparison.Ordinal))
                    then
                        let path = Path.Combine(folder, name)

                        do
                            use stream = File.Create path

                            if
                                name.StartsWith("data.", StringComparison.Ordinal)
                                || name.Contains(".json", StringComparison.Ordinal)
                            then
                                stream.Write(ReadOnlySpan "[{\"question\": \"q\", \"answer\": \"1\"}\n"B)

                            stream.SetLength(20L <<< 30)

                        let before = GC.GetTotalAllocatedBytes()
                        let message = refusal name (fun () -> read path)
                        Expect.stringContains message name name
                        Expect.isLessThan (GC.GetTotalAllocatedBytes() - before) (1L <<< 29) $"{name}: memory"
                        File.Delete path
                        File.Delete(Path.Combine(folder, "tokenizer.json")))
        }
        test "a line without an end is refused with its number" {
            withFolder (fun folder ->
                let path = Path.Combine(folder, "x.jsonl")

                do
                    use stream = File.Create path
                    stream.Write(ReadOnlySpan "{\"question\": \"q\", \"answer\": \"1\"}\n"B)
                    stream.SetLength(20L <<< 30)

                Expect.equal
                    (refusal "lines" (fun () -> ReasoningData.Read path |> ignore))
                    $"{path}: line 2 has no end within 64.0 MiB; check that it is a file of text with one row a line"
                    "message")
        }
        test "the header of a safetensors file lists so many tensors and dimensions" {
            withFolder (fun folder ->
                let path = Path.Combine(folder, "x.safetensors")

                let message (header: string) =
                    let bytes = Encoding.ASCII.GetBytes header
                    File.WriteAllBytes(path, Array.append (BitConverter.GetBytes(int64 bytes.Length)) bytes)
                    refusal "header" (fun () -> SafetensorsFile.Open(path).Dispose())

                let entry shape =
                    $"""{{"dtype": "F32", "shape": [{shape}], "data_offsets": [0, 0]}}"""

                let ones count =
                    String.Join(",", Seq.append (Seq.replicate (count - 1) "1") [ "0" ])

                Expect.equal (message ("{\"a\": " + entry (ones 64) + "}")) "accepted" "64"

                Expect.stringContains
                    (message ("{\"a\": " + entry (ones 65) + "}"))
                    "more than 64 numbers in shape"
                    "65"

                let many count =
                    "{" + String.Join(",", Seq.init count (fun i -> $"\"{i}\": {entry 0}")) + "}"

                Expect.stringContains (message (many 200_001)) "more than 200000 tensors" "many")
        }
        test "a configuration has at most 16 MiB" {
            withFolder (fun folder ->
                let path = Path.Combine(folder, "config.json")
                File.WriteAllText(path, "{\"x\": [" + String('0', 1 <<< 24) + "]}")

                Expect.stringContains
                    (refusal "config" (fun () -> JsonFile.ReadObject path |> ignore))
                    "has more than the 16.0 MiB"
                    "limit")
        }
        test "a configuration has at most a million values" {
            withFolder (fun folder ->
                let path = Path.Combine(folder, "config.json")
                File.WriteAllText(path, "{\"x\": [" + String.replicate 1_000_001 "0," + "0]}")

                Expect.stringContains
                    (refusal "config" (fun () -> JsonFile.ReadObject path |> ignore))
                    "holds more than 1000000 values"
                    "limit")
        }
    ]

let private sources =
    test "files from outside are opened in one place" {
        let rec above (folder: DirectoryInfo | null) =
            match folder with
            | null -> None
            | folder when File.Exists(Path.Combine(folder.FullName, "LoRi.sln")) -> Some folder.FullName
            | folder -> above folder.Parent

        match above (DirectoryInfo AppContext.BaseDirectory) with
        | None -> skiptest "needs the sources"
        | Some root ->
            let opening =
                Regex
                    @"\bFile\.(Open|OpenRead|OpenText|OpenHandle|ReadAll\w+|ReadLines)\(|FileMode\.Open,|new StreamReader\("

            let own =
                set
                    [
                        "InputFile.cs"
                        // The system's own description of this process and machine.
                        "CpuCapabilities.cs"
                        "StageMeasures.cs"
                        "SharedCores.cs"
                        "FreeMemory.cs"
                        "Machine.cs"
                        // The program's own library, and its copy.
                        "AdaptedLibrary.cs"
                        // A text that the assembly carries.
                        "ModellingFile.cs"
                        // Cut off, written or locked, not read.
                        "EvaluationFolder.cs"
                        "Leftovers.cs"
                    ]

            let found =
                [
                    for path in Directory.GetFiles(Path.Combine(root, "src"), "*.cs", SearchOption.AllDirectories) do
                        let name = Path.GetFileName path |> nonNull

                        if
                            not (own.Contains name)
                            && not (path.Contains $"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}")
                            && opening.IsMatch(File.ReadAllText path)
                        then
                            name
                ]

            Expect.isEmpty found "through InputFile, which knows pipes, devices and limits"
    }

[<Tests>]
// One after another, since what is allocated is counted for the whole process.
let tests =
    testSequenced <| testList "Input files" (irregular @ limits @ [ sources ])
