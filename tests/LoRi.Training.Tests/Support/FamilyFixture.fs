/// Tiny checkpoints of every family with the reference implementation's numbers: what their files say.
module LoRi.Training.Tests.FamilyFixture

open System.IO
open System.Text.Json
open LoRi.Files.Safetensors
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Weights
open LoRi.Training.Tests.SharedFiles

let private parent = "fixtures/models"

/// A number type with the largest differences allowed: absolute for states, logits, losses and gradients, relative for norms of
/// gradients. Where a gradient is nearly zero, an update magnifies its rounding: parameters have a limit of their own.
type Numbers =
    {
        Name: string
        Prefix: string
        Precision: Precision
        States: float
        Gradients: float
        Norms: float
        Updated: float
    }

let float64 =
    {
        Name = "float64"
        Prefix = "f64."
        Precision = Precision.Exact
        States = 1e-9
        Gradients = 1e-9
        Norms = 1e-9
        Updated = 1e-9
    }

let float32 =
    {
        Name = "float32"
        Prefix = "f32."
        Precision = Precision.Full
        States = 1e-4
        Gradients = 1e-5
        Norms = 1e-5
        Updated = 1e-3
    }

/// One folder, and the folder whose expected outputs it shares (mostly itself).
type Checkpoint =
    {
        Name: string
        Source: string
        Expected: JsonElement
    }

    member this.Inputs = this.Expected.GetProperty "inputs"
    member this.Path = path $"{parent}/{this.Name}"

/// Names of all model folders; those of adapters are not among them.
let names () =
    [|
        for folder in foldersWith "config.json" parent -> folder.Substring(parent.Length + 1)
    |]

/// Names of the folders whose configuration is of a family.
let namesOf (family: string) =
    names ()
    |> Array.filter (fun name -> text "model_type" (json $"{parent}/{name}/config.json") = family)

/// A folder by its name.
let checkpoint (name: string) : Checkpoint =
    let own = json $"{parent}/{name}/expected.json"

    let source =
        match own.TryGetProperty "expected_from" with
        | true, other -> asText other
        | _ -> name

    {
        Name = name
        Source = source
        Expected = json $"{parent}/{source}/expected.json"
    }

/// The arrays that are expected.
let golden (checkpoint: Checkpoint) : SafetensorsFile =
    SafetensorsFile.Open(path $"{parent}/{checkpoint.Source}/expected.safetensors")

let load (checkpoint: Checkpoint) (precision: Precision) : ReasoningModel =
    let struct (model, _) =
        ModelLoader.Load(checkpoint.Path, LoadSettings.OnCpu precision)

    model

let ids (name: string) (checkpoint: Checkpoint) =
    ints (checkpoint.Inputs.GetProperty name)
