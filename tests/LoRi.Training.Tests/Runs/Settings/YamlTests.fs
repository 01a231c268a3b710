/// Settings written as YAML: the same as in JSON, and what readers of YAML disagree about is refused with its line.
module LoRi.Training.Tests.YamlTests

open System
open System.IO
open System.Text
open System.Text.Json.Nodes
open Expecto
open LoRi.Files
open LoRi.Models
open LoRi.Runs.Settings
open LoRi.Training.Tests.SharedFiles

let private withFile (name: string) (content: byte array) (check: string -> 'a) =
    let folder = Directory.CreateTempSubdirectory("lori-yaml").FullName

    try
        let path = Path.Combine(folder, name)
        File.WriteAllBytes(path, content)
        check path
    finally
        Directory.Delete(folder, true)

let private read (name: string) (text: string) =
    withFile name (Encoding.UTF8.GetBytes text) (OptionFile.Read >> _.Settings)

/// The message of the refusal, from the file's name on.
let private refusedBytes (name: string) (content: byte array) =
    withFile name content (fun path ->
        let message =
            refusal (fun () ->
                OptionFile.Read path |> ignore
                new MemoryStream() :> IDisposable)

        Expect.stringStarts message $"--config {path}" "names the option and the file"
        message.Substring($"--config {path}".Length))

let private refused (text: string) =
    refusedBytes "a.yaml" (Encoding.UTF8.GetBytes text)

let private same (yaml: string) (json: string) =
    let wanted = nonNull (JsonNode.Parse json)
    Expect.equal ((read "a.yaml" yaml).ToJsonString()) (wanted.ToJsonString()) yaml

let private readings =
    [
        test "numbers keep their digits, and are those of YAML 1.2" {
            for yaml, json in
                [
                    "1", "1"
                    "+5", "5"
                    "-3", "-3"
                    "1e-4", "1e-4"
                    "1E-4", "1E-4"
                    "1.0e-4", "1.0e-4"
                    ".5", "0.5"
                    "-.5", "-0.5"
                    "5.", "5.0"
                    "0.07", "0.07"
                    "0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"
                    "12345678901234567890123", "12345678901234567890123"
                    "0", "0"
                    "0.0", "0.0"
                    "'1'", "\"1\""
                    "\"1e-4\"", "\"1e-4\""
                ] do
                same $"a: {yaml}" $"{{\"a\": {json}}}"
        }
        test "true, false and null are those of YAML 1.2; words that were so once are text" {
            for yaml, json in
                [
                    "true", "true"
                    "False", "false"
                    "TRUE", "true"
                    "~", "null"
                    "null", "null"
                    "", "null"
                    "no", "\"no\""
                    "Yes", "\"Yes\""
                    "on", "\"on\""
                    "OFF", "\"OFF\""
                    "y", "\"y\""
                    "2024-01-31", "\"2024-01-31\""
                    "1:30", "\"1:30\""
                    "1_000", "\"1_000\""
                    ".inf", "\".inf\""
                    "01.jsonl", "\"01.jsonl\""
                    "1e-4x", "\"1e-4x\""
                    "1.2.3", "\"1.2.3\""
                    "'no'", "\"no\""
                ] do
                same $"a: {yaml}" $"{{\"a\": {json}}}"
        }
        test "lists, comments, quotes and blocks" {
            same
                "---\n# a comment\ndata:\n  - a.jsonl\n  - \"b.jsonl\" # another\nlora_targets: [q_proj, v_proj]\nanswer_prefix: \"The answer\\n\"\nquestion_column: |-\n  a: b\n...\n"
                """{"data": ["a.jsonl", "b.jsonl"], "lora_targets": ["q_proj", "v_proj"], "answer_prefix": "The answer\n", "question_column": "a: b"}"""

            same "\uFEFFsteps: 3\r\nepochs: 2\r\n" """{"steps": 3, "epochs": 2}"""
            same "%YAML 1.2\n---\nsteps: 3\n" """{"steps": 3}"""
            same "{steps: 3, data: [a, b]}" """{"steps": 3, "data": ["a", "b"]}"""
            same """{"steps": 3, "data": ["a"]}""" """{"steps": 3, "data": ["a"]}"""
            same "{}" "{}"
        }
        test "which form a file has is told by its ending, then by its first character" {
            for name, text in
                [
                    "a.json", """{"steps": 3}"""
                    "a.JSON", " \n{\"steps\": 3}"
                    "a", """{"steps": 3}"""
                    "a", "steps: 3"
                    "a.conf", "# x\nsteps: 3\n"
                    "a.yml", "{steps: 3}"
                ] do
                Expect.equal ((read name text).ToJsonString()) """{"steps":3}""" name
        }
    ]

let private refusals =
    [
        "an anchor", "steps: &a 3", ", line 1: has the anchor &a"
        "an anchor of a list", "x: 1\ndata: &a [b]", ", line 2: has the anchor &a"
        "an alias", "a: 1\nb: *a", ", line 2: refers to an anchor by *a"
        "a star that should be quoted", "data: *.jsonl", ", line 1: refers to an anchor by *.jsonl"
        "a merge", "steps: 1\n<<: *base", ", line 2: refers to an anchor by *base"
        "a tag", "steps: !!int \"3\"", ", line 1: has the tag \"tag:yaml.org,2002:int\""
        "a tag of a language", "steps: !!python/object/apply:os.system [x]", "has the tag"
        "a local tag", "data: !include other.yaml", ", line 1: has the tag \"!include\""
        "a name twice", "steps: 3\nepochs: 1\nsteps: 4", ", line 3: has \"steps\" for the second time"
        "a name twice, quoted", "steps: 3\n\"steps\": 4", ", line 2: has \"steps\" for the second time"
        "two documents", "steps: 3\n---\nsteps: 4", ", line 2: begins a second document"
        "an old version", "%YAML 1.1\n---\nsteps: 3", ", line 1: asks for YAML 1.1"
        "an octal number", "steps: 010", ", line 1: has \"010\", which some readers of YAML take for"
        "an octal number of 1.2", "seed: 1\nsteps: 0o7", ", line 2: has \"0o7\""
        "a hexadecimal number", "steps: 0x1F", ", line 1: has \"0x1F\""
        "a binary number", "steps: 0b11", ", line 1: has \"0b11\""
        "leading zeros", "learning_rate: -00.5", ", line 1: has \"-00.5\""
        "a list", "- a\n- b", ", line 1: holds a list where settings are needed"
        "a text", "just text", ", line 1: holds the text \"just text\""
        "nothing", "", ": there is nothing in it"
        "comments alone", "# a\n# b\n", ": there is nothing in it"
        "a tab", "a:\n\tb: 1", ", line 2: is not valid YAML"
        "an open bracket", "data: [a, b\nsteps: 3", "is not valid YAML"
        "an open quote", "data: \"a\nsteps: 3", "is not valid YAML"
        "a colon too many", "answer_prefix: The answer is: 3", ", line 1: is not valid YAML"
        "a name that is a list", "? [a, b]\n: 3", ", line 1: has a list or a mapping for a name"
        "half a surrogate pair", "answer_prefix: \"\\uD800\"", "surrogate"
        "nested too deeply", "a: " + String('[', 100) + String(']', 100), "is nested too deeply"
        "too many values", "data:\n" + String.replicate 100_001 "- a\n", "more than 100000 values"
        "TOML", "# a\nsteps = 4\n", ", line 2: is written as TOML or INI would have it"
        "a section", "[train]\nsteps = 4\n", ", line 1: is written as TOML or INI would have it"
    ]
    |> List.map (fun (name, text, wanted) ->
        test $"refused: {name}" {
            let message = refused text
            Expect.stringContains message wanted "message"

            Expect.isFalse
                (message.Contains "YamlDotNet" || message.Contains "Idx:" || message.Contains "Exception")
                message
        })

/// The list of lists of an alias bomb.
let private bomb =
    "a: &a [x, x]\n"
    + String.concat
        ""
        [
            for c in 'b' .. 'z' -> $"{c}: &{c} [*{char (int c - 1)}, *{char (int c - 1)}]\n"
        ]

let private files =
    [
        test "an alias bomb is refused at its first anchor" {
            Expect.stringContains (refused bomb) ", line 1: has the anchor &a" "message"
        }
        test "what is no text is told as such" {
            for name, content, wanted in
                [
                    "a.yaml", [| 0uy; 1uy; 2uy |], ": is not text in UTF-8"
                    "a.safetensors", [| 8uy; 0uy; 0uy; 0uy; 0uy; 0uy; 0uy; 0uy; byte '{' |], ": is not text in UTF-8"
                    "a.yml", [| 0xFFuy; 0xFEuy; byte 'a'; 0uy |], ": is UTF-16; save it as UTF-8"
                    "a", [| byte 'a'; byte ':'; byte ' '; 0xE4uy |], ": is not text in UTF-8"
                    "a.json", Encoding.UTF8.GetBytes "steps: 3", "where it is YAML, end its name with .yaml"
                    "a.json", Encoding.UTF8.GetBytes "{\"steps\": 3", "at line 1, byte 12); correct it"
                    "a.json", [||], "is not valid JSON (there is nothing in it"
                ] do
                Expect.stringContains (refusedBytes name content) wanted name
        }
        test "a message about a value names its line" {
            withFile "a.yaml" "seed: 1\nsteps: no\n"B (fun path ->
                let file = OptionFile.Read path

                Expect.throwsC (fun () -> Commands.Teach.Read(file.Settings, file.Source) |> ignore) (fun e ->
                    Expect.equal e.Message $"--config {path}, line 2: steps no: must be a whole number" "message"))
        }
        test "damaged files are refused in one line, whatever is damaged" {
            let sound =
                "---\nsteps: 3\nlearning_rate: 1e-4\ndata: [a, 'b', \"c\\u00e4\"]\nanswer_prefix: |\n  x\n  y\n# end\n"

            let random = SeededRandom(11L, "yaml")
            let marks = "&*!%@`|>-?:,[]{}#'\"\\\n\t 0~<=\u0085\u2028\uFEFF"

            for _ in 1..3000 do
                let text = StringBuilder sound

                for _ in 0 .. random.Below 3 do
                    let at = random.Below text.Length

                    match random.Below 3 with
                    | 0 -> text.Remove(at, 1) |> ignore
                    | 1 -> text.Insert(at, marks[random.Below marks.Length]) |> ignore
                    | _ -> text[at] <- marks[random.Below marks.Length]

                try
                    YamlSettings.Read("a.yaml", text.ToString()) |> ignore
                with :? InputException as e ->
                    Expect.stringStarts e.Message "a.yaml" (text.ToString())
        }
    ]

[<Tests>]
let tests = testList "YAML settings" (readings @ refusals @ files)
