/// Running `lori subspace` and `lori objective` on reference corpora.
module LoRi.Cli.Tests.MathRunning

open System
open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Training.Tests
open LoRi.Math
open LoRi.Files.Safetensors

/// Relative to the largest magnitude of the list: float64 sums in another order.
let sumTolerance = 1e-10

/// Losses are quotients of such sums.
let lossTolerance = 1e-9

let expectNumbers tolerance (expected: float[]) (found: float[]) name =
    Expect.equal found.Length expected.Length name
    let scale = expected |> Array.map abs |> Array.max

    for i in 0 .. expected.Length - 1 do
        // Written so that NaN fails: Expecto's comparisons let it pass.
        if not (abs (found[i] - expected[i]) <= tolerance * scale) then
            failtest $"{name}[{i}]: {found[i]} against {expected[i]}"

let number (name: string) (element: JsonElement) = element.GetProperty(name).GetDouble()

/// A tensor of these numbers.
let doubles name (shape: int64 list) (values: float[]) =
    SafetensorsContent.FromDoubles(name, shape, values)

/// A tensor of some numbers that its name decides.
let tensor name (shape: int64 list) =
    let count = shape |> List.fold (*) 1L |> int
    doubles name shape (Array.init count (fun i -> sin (float i + float (String.length name))))

/// A trajectory file of these tensors.
let trajectories (folder: string) (name: string) (contents: SafetensorsContent list) =
    let path = Path.Combine(folder, name)
    SafetensorsWriter.Write(path, contents, Collections.Generic.Dictionary(dict [ "format", "lori-trajectories" ]))
    path

/// The two files of a reference corpus.
let files corpus =
    sharedFile $"fixtures/math/lori-{corpus}.teacher.safetensors",
    sharedFile $"fixtures/math/lori-{corpus}.student.safetensors"

/// The numbers of all reference corpora.
let corpora () =
    [
        for corpus, _ in List.indexed (SharedFiles.items "lori" (SharedFiles.json "fixtures/math/expected.json")) ->
            corpus
    ]

/// Examples, levels and hidden size of a trajectory file.
let sizes (teacher: string) =
    use file = SafetensorsFile.Open teacher

    let shapes =
        [
            for entry in file.Entries do
                if entry.Name.StartsWith "anchor." then
                    List.ofSeq entry.Shape
        ]

    match shapes with
    | [ levels; width ] :: _ -> shapes.Length, int levels, int width
    | other -> failtest $"{teacher} has anchors of the shapes %A{other}"

let fit folder (teacher: string) (options: string list) =
    let subspace = Path.Combine(folder, "subspace.safetensors")
    subspace, loriJson ([ "subspace"; "fit"; "--trajectories"; teacher; "--output"; subspace; "--json" ] @ options)

let objectiveArguments (subspace: string) (teacher: string) (student: string) =
    [
        "objective"
        "--subspace"
        subspace
        "--teacher"
        teacher
        "--student"
        student
    ]

let objective subspace teacher student (options: string list) =
    loriJson (objectiveArguments subspace teacher student @ "--json" :: options)
