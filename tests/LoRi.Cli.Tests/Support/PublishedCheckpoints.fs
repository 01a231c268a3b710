/// State dictionaries as the published code of CODI and Coconut saves them, made from a Hub folder.
module LoRi.Cli.Tests.PublishedCheckpoints

open System.IO
open LoRi.Files.Safetensors

/// A tensor with its values in row-major order.
type Tensor = { Shape: int64 list; Values: double[] }

/// All tensors of a file.
let read (path: string) =
    use file = SafetensorsFile.Open path

    [
        for entry in file.Entries ->
            entry.Name,
            {
                Shape = List.ofSeq entry.Shape
                Values = file.ReadDoubles entry.Name
            }
    ]

/// Writes tensors as a file.
let write (path: string) (tensors: (string * Tensor) list) =
    SafetensorsWriter.Write(
        path,
        [
            for name, tensor in tensors -> SafetensorsContent.FromDoubles(name, tensor.Shape, tensor.Values)
        ]
    )

let private isTable (name: string) =
    name.EndsWith "wte.weight"
    || name.EndsWith "embed_tokens.weight"
    || name = "lm_head.weight"

let private longer (rows: Tensor) (table: Tensor) =
    {
        Shape = table.Shape.Head + rows.Shape.Head :: table.Shape.Tail
        Values = Array.append table.Values rows.Values
    }

/// The base's tensors with rows for the markers, and the head beside the table it is tied to, as a state dictionary names it too.
let private whole (folder: string) (rows: Tensor) =
    let tensors =
        [
            for name, tensor in read (Path.Combine(folder, "model.safetensors")) ->
                name, (if isTable name then longer rows tensor else tensor)
        ]

    if List.exists (fst >> (=) "lm_head.weight") tensors then
        tensors
    else
        tensors @ [ "lm_head.weight", snd (List.find (fst >> isTable) tensors) ]

/// The names by which adapters are stored, by those of the modules: `<module>.lora_A` and `<module>.lora_B`.
let private adapterName (name: string) =
    $"codi.base_model.model.{name}.default.weight"

let private projectionNames =
    Map
        [
            for own, stored in [ "fc1", "1"; "fc2", "3"; "ln", "ln" ] do
                for kind in [ "weight"; "bias" ] -> $"prj.{own}.{kind}", $"prj.{stored}.{kind}"
        ]

/// As CODI's Trainer saves it. `extra` holds `special_rows`, adapters `<module>.lora_A` and `.lora_B`, and the projection `prj.fc1`,
/// `prj.fc2`, `prj.ln`.
let codi (folder: string) (extra: (string * Tensor) list) =
    let isAdapter (name: string) = name.Contains ".lora_"

    let adapted =
        set
            [
                for name, _ in extra do
                    if isAdapter name then
                        name.Substring(0, name.IndexOf ".lora_")
            ]

    let stored (name: string) =
        let at = name.LastIndexOf '.'

        if adapted.Contains(name.Substring(0, at)) then
            $"codi.base_model.model.{name.Substring(0, at)}.base_layer{name.Substring at}"
        else
            $"codi.base_model.model.{name}"

    [
        for name, tensor in whole folder (Map.ofList(extra).["special_rows"]) do
            yield stored name, tensor
        for name, tensor in extra do
            if isAdapter name then
                yield adapterName name, tensor
            elif projectionNames.ContainsKey name then
                yield projectionNames[name], tensor
    ]

/// As Coconut's training saves it: the base model, and its table once more.
let coconut (folder: string) (rows: Tensor) =
    let tensors = whole folder rows

    [
        for name, tensor in tensors do
            yield $"base_causallm.{name}", tensor
        yield "embedding.weight", snd (List.find (fst >> isTable) tensors)
    ]
