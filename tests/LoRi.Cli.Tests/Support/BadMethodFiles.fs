/// What may be wrong with a method's teacher, data, course or parts.
module LoRi.Cli.Tests.BadMethodFiles

open System.IO
open Expecto
open LoRi.Cli.Tests.BadRunFiles
open LoRi.Cli.Tests.Running

let private short = [ "--steps"; "1"; "--batch-size"; "2" ]

let private data folder =
    TinyFolder.data folder "data.jsonl" TinyFolder.rows

let private succeed arguments =
    let outcome = lori arguments
    Expect.equal outcome.Code 0 outcome.Error

/// A teacher that writes its chains in a form.
let private taught (form: string) (folder: string) =
    let run = folder + "/teacher"

    succeed
        [
            yield! [ "teach"; "--form"; form; "--model"; TinyFolder.model folder "basis" ]
            yield! [ "--data"; data folder; "--output"; run ]
            yield! short
        ]

    run

let private distill (name: string) options (folder: string) =
    [
        yield!
            [
                "distill"
                "--method"
                name
                "--data"
                data folder
                "--output"
                folder + "/run"
            ]
        yield! short
        yield! options
    ]

let private icotKd (teacher: string) options folder =
    distill "icot-kd" ([ "--teacher"; teacher; "--model"; TinyFolder.model folder "m" ] @ options) folder

/// A trained student of icot-kd.
let private student (folder: string) =
    succeed (icotKd (taught "icot" folder) [] folder)
    folder + "/run"

/// Such a student whose card was changed.
let private carded (before: string) (after: string) (folder: string) =
    let run = student folder
    let card = run + "/final/lori.json"
    let text = File.ReadAllText card
    Expect.stringContains text before "what is changed"
    File.WriteAllText(card, text.Replace(before, after))
    run

let private asked (model: string) =
    [ "generate"; "--model"; model; "--prompt"; "What" ]

let private withoutRationale =
    [
        for a in 1..4 -> $"""{{"question": "What is {a} + 2 ?", "answer": "{a + 2}"}}"""
    ]

let cases: Case list =
    [
        "icot-kd: no teacher", fun folder -> distill "icot-kd" [ "--model"; TinyFolder.model folder "m" ] folder
        "icot-kd: no model to start from",
        fun folder -> distill "icot-kd" [ "--teacher"; TinyFolder.model folder "t" ] folder
        "icot-kd: a teacher in another form", fun folder -> icotKd (taught "plain" folder) [] folder
        "icot-kd: a teacher of another width",
        fun folder ->
            TinyRun.writeModel (folder + "/wide")
            icotKd (folder + "/wide") [] folder
        "icot-kd: rows without rationale",
        fun folder ->
            let arguments = icotKd (taught "icot" folder) [] folder
            TinyFolder.data folder "data.jsonl" withoutRationale |> ignore
            arguments
        "icot-kd: latent steps", fun folder -> icotKd (TinyFolder.model folder "t") [ "--latent-steps"; "3" ] folder
        "icot-kd: no component",
        fun folder -> icotKd (TinyFolder.model folder "t") [ "--mixture-components"; "0" ] folder
        "icot-kd: a temperature of nothing",
        fun folder ->
            icotKd (TinyFolder.model folder "t") [ "--mixture-components"; "2"; "--mixture-temperature"; "0" ] folder
        "icot-kd: a part that is gone",
        fun folder ->
            let run = student folder
            File.Delete(run + "/final/parts/emulator.safetensors")
            asked run
        "icot-kd: a part of another width",
        fun folder ->
            let run = student folder
            let card = run + "/final/lori.json"
            File.WriteAllText(card, (File.ReadAllText card).Replace("\"components\": 1", "\"components\": 3"))
            asked run
        "icot-kd: a part that is no number",
        fun folder ->
            let run = student folder
            let part = run + "/final/parts/student.safetensors"
            let bytes = File.ReadAllBytes part
            bytes[bytes.Length - 4 ..] <- System.BitConverter.GetBytes nanf
            File.WriteAllBytes(part, bytes)
            asked run
        "icot-kd: a card without components", fun folder -> asked (carded "\"components\": 1," "" folder)
        "icot-kd: a card with far more components",
        fun folder -> asked (carded "\"components\": 1," "\"components\": 2000000000," folder)
        "icot-kd: a card with a far larger table",
        fun folder -> asked (carded $"\"vocabulary\": {TinyFolder.words.Length}" "\"vocabulary\": 2000000000" folder)
        "icot-kd: a card that names a part elsewhere",
        fun folder -> asked (carded "\"student\"," "\"../student\"," folder)
        "icot-kd: a card without a part", fun folder -> asked (carded "\"student\"," "" folder)
        "icot-kd: a card of another mode",
        fun folder -> asked (carded "\"mode\": \"substituted\"" "\"mode\": \"latent\"" folder)
        "icot-kd: a teacher that writes no chain",
        fun folder ->
            let first = folder + "/first"
            Directory.Move(student folder, first)
            icotKd first [] folder
        "icot-kd: a temperature of one component",
        fun folder -> icotKd (TinyFolder.model folder "t") [ "--mixture-temperature"; "0.1" ] folder
        "icot-kd: latent steps of a model that takes none",
        fun folder -> asked (student folder) @ [ "--latent-steps"; "2" ]
        "coconut: rows without rationale",
        fun folder ->
            let arguments = distill "coconut" [ "--model"; TinyFolder.model folder "m" ] folder
            TinyFolder.data folder "data.jsonl" withoutRationale |> ignore
            arguments
        "coconut: chains of another form than the start writes",
        fun folder -> distill "coconut" [ "--teacher"; taught "plain" folder; "--first-stage"; "1" ] folder
        "coconut: a first stage beyond the last",
        fun folder ->
            distill
                "coconut"
                [
                    "--model"
                    TinyFolder.model folder "m"
                    "--first-stage"
                    "5"
                    "--last-stage"
                    "3"
                ]
                folder
        "icot-si: a setting of another course",
        fun folder -> distill "icot-si" [ "--model"; TinyFolder.model folder "m"; "--last-stage"; "3" ] folder
        "lori: a teacher in another form",
        fun folder -> distill "lori" [ "--teacher"; taught "icot" folder; "--latent-steps"; "2" ] folder
    ]
