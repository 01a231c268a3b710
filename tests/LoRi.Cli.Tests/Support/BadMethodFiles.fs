/// What may be wrong with a method's teacher, data, course or parts.
module LoRi.Cli.Tests.BadMethodFiles

open System.IO
open Expecto
open LoRi.Cli.Tests.BadRunFiles
open LoRi.Cli.Tests.Running

let private short = [ "--steps"; "1"; "--batch-size"; "2" ]

let private data folder =
    TinyFolder.data folder "data.jsonl" TinyFolder.rows

/// A teacher that writes its chains in a form.
let private taught (form: string) (folder: string) =
    let run = folder + "/teacher"

    succeed (
        lori
            [
                yield! [ "teach"; "--form"; form; "--model"; TinyFolder.model folder "basis" ]
                yield! [ "--data"; data folder; "--output"; run ]
                yield! short
            ]
    )

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
    succeed (lori (icotKd (taught "icot" folder) [] folder))
    folder + "/run"

/// Such a student whose card was changed.
let private carded (before: string) (after: string) (folder: string) =
    let run = student folder
    let card = run + "/final/lori.json"
    let text = File.ReadAllText card
    Expect.stringContains text before "what is changed"
    File.WriteAllText(card, text.Replace(before, after))
    run

let private withoutRationale =
    [
        for a in 1..4 -> $"""{{"question": "What is {a} + 2 ?", "answer": "{a + 2}"}}"""
    ]

/// The last value of a file of tensors is no number.
let private spoil (file: string) =
    let bytes = File.ReadAllBytes file
    bytes[bytes.Length - 4 ..] <- System.BitConverter.GetBytes nanf
    File.WriteAllBytes(file, bytes)

/// A trained student whose auxiliary decoder is kept.
let private explained (folder: string) =
    succeed (
        lori (
            distill
                "sim-cot"
                [
                    "--model"
                    TinyFolder.model folder "m"
                    "--latent-steps"
                    "2"
                    "--keep-decoder"
                ]
                folder
        )
    )

    let run = folder + "/explained"
    Directory.Move(folder + "/run", run)
    run

/// A trained student of coconut, which takes two latent steps for one step of the chain.
let private replaced (folder: string) =
    succeed (lori (distill "coconut" [ "--model"; TinyFolder.model folder "m"; "--last-stage"; "1" ] folder))
    let run = folder + "/coconut"
    Directory.Move(folder + "/run", run)
    run

/// The command of a method without frozen teacher on rows that have no rationale.
let private unreasoned (name: string) (folder: string) =
    let arguments = distill name [ "--model"; TinyFolder.model folder "m" ] folder
    TinyFolder.data folder "data.jsonl" withoutRationale |> ignore
    arguments

let private asked (model: string) =
    [ "generate"; "--model"; model; "--prompt"; "What" ]

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
            spoil (run + "/final/parts/student.safetensors")
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
        for name in [ "coconut"; "icot-si"; "kava"; "pccot"; "sim-cot" ] do
            $"{name}: rows without rationale", unreasoned name
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
        "lori: a feedback projection that is no number",
        fun folder ->
            succeed (lori (distill "lori" [ "--teacher"; taught "plain" folder; "--latent-steps"; "2" ] folder))
            spoil (folder + "/run/final/lori.safetensors")
            asked (folder + "/run")
        "sim-cot: a kept decoder that is no number",
        fun folder ->
            let run = explained folder
            spoil (run + "/final/parts/decoder.safetensors")
            asked run @ [ "--explain" ]
        "sim-cot: explanations of another number of latent steps than the card's",
        fun folder -> asked (explained folder) @ [ "--explain"; "--latent-steps"; "3" ]
        "sim-cot: other latent steps than those of the coconut run",
        fun folder -> distill "sim-cot" [ "--on"; "coconut"; "--model"; replaced folder; "--last-stage"; "2" ] folder
        "sim-cot: resumed with another auxiliary decoder",
        fun folder ->
            let arguments = [ "--model"; TinyFolder.model folder "m"; "--latent-steps"; "2" ]
            let before = [ "--decoder"; TinyFolder.model folder "before" ]
            succeed (lori (distill "sim-cot" (arguments @ before) folder))
            Directory.Delete(folder + "/run/final", true)
            distill "sim-cot" (arguments @ [ "--decoder"; TinyFolder.model folder "now"; "--resume" ]) folder
        "icot-si: a choice for markers that it has not",
        fun folder ->
            distill
                "icot-si"
                [
                    "--model"
                    TinyFolder.model folder "m"
                    "--lora-rank"
                    "2"
                    "--marker-rows"
                    "frozen"
                ]
                folder
    ]

/// What is not refused, and a user must know.
let warned: Case list =
    let course (name: string) options (folder: string) =
        distill name ([ "--model"; TinyFolder.model folder "m"; "--dry-run" ] @ options) folder

    [
        "icot-si: chains longer than what is removed in the end", course "icot-si" [ "--remove-per-epoch"; "1" ]
        "coconut: chains longer than what is replaced in the end",
        fun folder ->
            let arguments =
                course "coconut" [ "--last-stage"; "1"; "--epochs-per-stage"; "0.1" ] folder

            let row =
                """{"question": "What is 1 + 2 + 3 ?", "rationale": ["1 + 2 = 3", "3 + 3 = 6"], "answer": "6"}"""

            TinyFolder.data folder "data.jsonl" [ row; TinyFolder.rows[0] ] |> ignore
            arguments
        "sim-cot: more latent steps than any chain has steps", course "sim-cot" [ "--latent-steps"; "3" ]
        "coconut: another number of latent steps than the card's",
        fun folder -> asked (replaced folder) @ [ "--latent-steps"; "4"; "--max-new-tokens"; "1" ]
    ]
