/// Models that the published code of CODI and Coconut saved answer as that code does.
module LoRi.Cli.Tests.ImportTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.PublishedCheckpoints
open LoRi.Training.Tests

let private import (checkpoint: string) (basis: string) (output: string) options =
    lori ([ "import"; "--checkpoint"; checkpoint; "--base"; basis; "--output"; output ] @ options)

let private generated (model: string) (ids: int list) (most: int) options =
    let found =
        loriJson (
            [
                "generate"
                "--model"
                model
                "--ids"
                ids |> List.map string |> String.concat ","
                "--max-new-tokens"
                string most
                "--threads"
                "1"
                "--json"
            ]
            @ options
        )

    SharedFiles.ints (found.GetProperty "ids") |> List.ofArray

let private ids (name: string) (element: JsonElement) =
    SharedFiles.ints (element.GetProperty name) |> List.ofArray

let private extraOf (folder: string) =
    read (SharedFiles.path $"{folder}/extra.safetensors")

/// The published evaluator cannot write the end marker, ours can: such a row has no one answer.
let private comparable (expected: int list) (found: int list) (marker: int) =
    let same =
        List.zip (List.truncate found.Length expected) (List.truncate expected.Length found)
        |> List.takeWhile (fun (one, other) -> one = other && other <> marker)

    same.Length = expected.Length || List.tryItem same.Length found = Some marker

let private codiFixture (folder: string) =
    test $"{folder}: the evaluator's answers" {
        inFolder (fun here ->
            let batch = SharedFiles.json $"{folder}/batch.json"

            let hyper (name: string) =
                (batch.GetProperty "hyper_parameters").GetProperty(name).GetRawText()

            let marker = ((batch.GetProperty "ids").GetProperty "eot_id").GetInt32()
            let basis = SharedFiles.path $"{folder}/base"

            let checkpoint, output =
                Path.Combine(here, "model.safetensors"), Path.Combine(here, "out")

            write checkpoint (codi basis (extraOf folder))

            succeed (
                import
                    checkpoint
                    basis
                    output
                    [ "--latent-steps"; hyper "num_latent"; "--lora-alpha"; hyper "lora_alpha" ]
            )

            let generation =
                (SharedFiles.json $"{folder}/expected.json").GetProperty "generation"

            let most = (generation.GetProperty "max_new_tokens").GetInt32()

            let rows =
                List.zip
                    (SharedFiles.items "questions" generation)
                    (SharedFiles.items "rows" (generation.GetProperty "unpadded"))

            for question, row in rows do
                let found = generated output (ids "ids_without_bot" question) most []
                let expected = ids "ids" row
                Expect.isTrue (comparable expected found marker) $"expected {expected}, found {found}")
    }

let private coconutFixture (folder: string) =
    test $"{folder}: the generation of every stage" {
        inFolder (fun here ->
            let batch = (SharedFiles.json $"{folder}/batch.json").GetProperty "ids"
            let basis = SharedFiles.path $"{folder}/base"

            let checkpoint, output =
                Path.Combine(here, "model.safetensors"), Path.Combine(here, "out")

            write checkpoint (coconut basis (snd (List.find (fst >> (=) "special_rows") (extraOf folder))))
            succeed (import checkpoint basis output [])

            let generation =
                (SharedFiles.json $"{folder}/expected.json").GetProperty "generation"

            for stage in generation.EnumerateObject() do
                for row in SharedFiles.items "rows" stage.Value do
                    let given, expected = ids "input_ids" row, ids "new_ids" row

                    let question =
                        List.takeWhile ((<>) (batch.GetProperty("start_id").GetInt32())) given

                    let latents =
                        given |> List.filter ((=) (batch.GetProperty("latent_id").GetInt32())) |> List.length

                    let found =
                        generated output question expected.Length [ "--latent-steps"; string latents ]

                    Expect.equal found expected $"{stage.Name}, {question}")
    }

let private fixtures =
    [
        SharedFiles.fixtureTests "CODI" (fun () -> List.map codiFixture (SharedFiles.peers "codi"))
        SharedFiles.fixtureTests "Coconut" (fun () -> List.map coconutFixture (SharedFiles.peers "coconut"))
    ]

let private filled (shape: int64 list) (start: float) =
    {
        Shape = shape
        Values = Array.init (int (List.fold (*) 1L shape)) (fun at -> 0.1 * sin (start + float at))
    }

let private width, table = 8L, TinyFolder.words.Length
let private rows = filled [ 3L; width ] 1.0
let private adapted = "model.layers.1.self_attn.q_proj"

let private extra =
    [
        "special_rows", rows
        $"{adapted}.lora_A", filled [ 2L; width ] 2.0
        $"{adapted}.lora_B", filled [ width; 2L ] 3.0
        for name, shape in
            [
                "fc1.weight", [ 12L; width ]
                "fc1.bias", [ 12L ]
                "fc2.weight", [ width; 12L ]
                "fc2.bias", [ width ]
                "ln.weight", [ width ]
                "ln.bias", [ width ]
            ] do
            $"prj.{name}", filled shape 4.0
    ]

let private near (expected: double seq) (found: double seq) =
    for one, other in Seq.zip expected found do
        Expect.floatClose Accuracy.medium other one "value"

let private merged =
    test "adapters are merged, rows and projection find their places, and the card says how it is asked" {
        inFolder (fun here ->
            let basis = TinyFolder.model here "base"

            let checkpoint, output =
                Path.Combine(here, "model.safetensors"), Path.Combine(here, "out")

            write checkpoint (codi basis extra)
            let outcome = import checkpoint basis output [ "--lora-alpha"; "6" ]
            succeed outcome

            Expect.stringContains
                outcome.Out
                "codi, 1 weights with adapters (merged, alpha 6), projection mlp"
                "what it is"

            let own = Map.ofList (read (Path.Combine(basis, "model.safetensors")))
            let found = Map.ofList (read (Path.Combine(output, "model.safetensors")))
            let given = Map.ofList extra
            let a, b = given[$"{adapted}.lora_A"], given[$"{adapted}.lora_B"]

            let sum at =
                let row, column = at / int width, at % int width

                own[$"{adapted}.weight"].Values[at]
                + 3.0
                  * (b.Values[2 * row] * a.Values[column]
                     + b.Values[2 * row + 1] * a.Values[int width + column])

            near [ for at in 0 .. int (width * width) - 1 -> sum at ] found[$"{adapted}.weight"].Values
            near own["model.norm.weight"].Values found["model.norm.weight"].Values

            near
                (Seq.append own["model.embed_tokens.weight"].Values rows.Values)
                found["model.embed_tokens.weight"].Values

            let projection = Map.ofList (read (Path.Combine(output, "lori.safetensors")))
            near given["prj.fc2.weight"].Values projection["prj.fc2.weight"].Values

            let card =
                JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "lori.json"))).RootElement

            Expect.equal (text "method" card) "codi" "method"
            Expect.equal ((card.GetProperty "latents").GetProperty("steps").GetInt32()) 6 "steps"
            Expect.isFalse (card.GetProperty("prefix_fed").GetBoolean()) "the model writes the prefix"
            let markers = card.GetProperty "markers"

            Expect.equal
                (markers.GetProperty("start").GetInt32(), markers.GetProperty("end").GetInt32())
                (table + 1, table + 2)
                "markers"

            Expect.isNonEmpty (generated output [ 9; 16 ] 2 []) "it answers")
    }

let private plain =
    test "a checkpoint of a run without adapters is read as one whose adapters add nothing" {
        inFolder (fun here ->
            let basis = TinyFolder.model here "base"
            let place (name: string) = Path.Combine(here, name)

            let without =
                List.filter (fun (name: string, _) -> not (name.Contains ".lora_")) extra

            let tensors = codi basis without
            write (place "adapted.safetensors") tensors

            write
                (place "plain.safetensors")
                [
                    for name, tensor in tensors -> name.Replace("codi.base_model.model.", "codi."), tensor
                ]

            for name in [ "adapted"; "plain" ] do
                let outcome = import (place $"{name}.safetensors") basis (place name) []
                succeed outcome
                Expect.stringContains outcome.Out "codi, 0 weights with adapters" name

            for file in [ "model.safetensors"; "lori.safetensors"; "lori.json"; "config.json" ] do
                Expect.equal
                    (File.ReadAllBytes(Path.Combine(place "plain", file)))
                    (File.ReadAllBytes(Path.Combine(place "adapted", file)))
                    file)
    }

/// The same checkpoint with other tensors under names that end so.
let private with' (ending: string) (change: Tensor -> Tensor) =
    List.map (fun (name: string, tensor) -> name, (if name.EndsWith ending then change tensor else tensor))

let private scalar (_: Tensor) = { Shape = []; Values = [| 0.5 |] }

let private notANumber (tensor: Tensor) =
    { tensor with
        Values = Array.create tensor.Values.Length nan
    }

/// A change to a checkpoint, and what is said of it.
let private faults: (string * ((string * Tensor) list -> (string * Tensor) list) * string) list =
    [
        "a half of an adapter is missing",
        List.filter (fun (name, _) -> not (name.Contains "lora_B")),
        "is half of an adapter whose other half is not there"
        "an adapter of another weight",
        List.map (fun (name, tensor) ->
            if name.Contains "lora_A" then
                name, filled [ 2L; 9L ] 0.0
            else
                name, tensor),
        "which is no adapter of a weight of"
        "a projection without its norm",
        List.filter (fun (name, _) -> not (name.StartsWith "prj.ln")),
        "a projection without its norm is not supported"
        "rows that the base has not",
        List.map (fun (name, tensor) ->
            if name.EndsWith "embed_tokens.weight" then
                name, filled [ 20L; width ] 0.0
            else
                name, tensor),
        "its table has 20 rows, but the base has 25 and 3 are appended"
        "a projection of a number",
        with' "prj.1.weight" scalar,
        "prj.1.weight has shape [], but a linear map is a matrix"
        "a table of a number",
        with' "embed_tokens.weight" scalar,
        "embed_tokens.weight has shape [], but a table has rows and columns"
        "a first half of an adapter of a number", with' "lora_A.default.weight" scalar, "is no adapter of a weight of"
        "a second half of an adapter of a number", with' "lora_B.default.weight" scalar, "is no adapter of a weight of"
        "a projection that is no number", with' "prj.3.bias" notANumber, "prj.3.bias holds NaN or infinity"
        "an adapter that is no number",
        with' "lora_B.default.weight" notANumber,
        "lora_B.default.weight holds NaN or infinity; the checkpoint is damaged"
        "a tensor too many",
        (fun all -> ("codi.base_model.model.more.weight", rows) :: all),
        "unexpected: codi.base_model.model.more.weight"
        "names of no known form",
        List.map (fun (name, tensor) -> "model." + name, tensor),
        "is of no form that is known"
    ]

let private refusals =
    [
        for name, change, message in faults do
            test name {
                inFolder (fun here ->
                    let basis = TinyFolder.model here "base"
                    let checkpoint = Path.Combine(here, "model.safetensors")
                    write checkpoint (change (codi basis extra))
                    let output = Path.Combine(here, "out")

                    expectError
                        Failed
                        message
                        [ "import"; "--checkpoint"; checkpoint; "--base"; basis; "--output"; output ]

                    Expect.isFalse (Directory.Exists output) "nothing is left")
            }
        test "a pickle is named with what converts it, in a folder and under any name" {
            inFolder (fun here ->
                let basis = TinyFolder.model here "base"
                let folder = Path.Combine(here, "released")
                Directory.CreateDirectory folder |> ignore
                File.WriteAllBytes(Path.Combine(folder, "pytorch_model.bin"), [| 0x50uy; 0x4Buy; 3uy; 4uy |])
                File.WriteAllBytes(Path.Combine(here, "checkpoint_33"), [| 0x80uy; 2uy; 0uy |])

                for checkpoint, name in
                    [
                        folder, "pytorch_model.bin"
                        Path.Combine(here, "checkpoint_33"), "checkpoint_33"
                    ] do
                    expectError
                        Failed
                        $"torch.load('{name}', map_location='cpu', weights_only=True)"
                        [
                            "import"
                            "--checkpoint"
                            checkpoint
                            "--base"
                            basis
                            "--output"
                            Path.Combine(here, "out")
                        ])
        }
    ]

/// A folder of the base, a checkpoint of it and what is to be made.
let private withCheckpoint (check: string -> string -> string -> string -> unit) =
    inFolder (fun here ->
        let basis = TinyFolder.model here "base"
        let checkpoint = Path.Combine(here, "model.safetensors")
        write checkpoint (codi basis extra)
        check here basis checkpoint (Path.Combine(here, "out")))

let private arguments (checkpoint: string) (basis: string) (output: string) options =
    [ "import"; "--checkpoint"; checkpoint; "--base"; basis; "--output"; output ] @ options

/// A safetensors file whose header, longer by spaces, has a length that begins as a pickle does.
let private likePickle (path: string) =
    let bytes = File.ReadAllBytes path
    let length = int (System.BitConverter.ToInt64(bytes, 0))

    let longer =
        Seq.initInfinite (fun at -> length + at)
        |> Seq.find (fun size -> size % 256 = 0x80 && size / 256 % 256 >= 2 && size / 256 % 256 <= 5)

    Array.concat
        [
            System.BitConverter.GetBytes(int64 longer)
            bytes[8 .. 7 + length]
            Array.create (longer - length) 32uy
            bytes[8 + length ..]
        ]

let private beginnings =
    test "a safetensors file that begins as a pickle does is read, and none where it is cut" {
        withCheckpoint (fun _ basis checkpoint output ->
            let bytes = likePickle checkpoint
            Expect.equal bytes[0] 0x80uy "a pickle's first byte"
            File.WriteAllBytes(checkpoint, bytes)
            succeed (import checkpoint basis output [])
            File.WriteAllBytes(checkpoint, bytes[..200])
            let cut = import checkpoint basis (output + "2") []
            Expect.equal cut.Code Failed cut.Error
            Expect.isFalse (cut.Error.Contains "pickle") cut.Error)
    }

let private options =
    test "options that the checkpoint or the base does not bear are named" {
        withCheckpoint (fun _ basis checkpoint output ->
            let refuse message options =
                expectError Failed message (arguments checkpoint basis output options)
                Expect.isFalse (Directory.Exists output) "nothing is left"

            refuse "--lora-alpha 1E+300: makes " [ "--lora-alpha"; "1e300" ]
            refuse "--latent-steps 2147483647: --base " [ "--latent-steps"; "2147483647" ]
            refuse "was made for 64 positions; take fewer steps" [ "--latent-steps"; "64" ]
            File.Delete(Path.Combine(basis, "tokenizer.json"))
            let outcome = import checkpoint basis output []
            Expect.stringContains outcome.Error $"--base {basis}: has no tokenizer.json" "the base"
            Expect.isFalse (outcome.Error.Contains "--tokenizer") "no option that there is not")
    }

let private folders =
    test "a folder stands for the one safetensors file in it, whatever that is called" {
        withCheckpoint (fun here basis checkpoint output ->
            let folder = Path.Combine(here, "saved")
            Directory.CreateDirectory folder |> ignore
            expectError Failed "holds no safetensors file" (arguments folder basis output [])
            File.Copy(checkpoint, Path.Combine(folder, "weights.safetensors"))
            succeed (import folder basis output [])
            File.Copy(checkpoint, Path.Combine(folder, "more.safetensors"))

            expectError
                Failed
                "holds \"more.safetensors\", \"weights.safetensors\""
                (arguments folder basis (output + "2") []))
    }

[<Tests>]
let tests =
    testList "Import" (fixtures @ [ merged; plain; beginnings; options; folders; testList "refusals" refusals ])
