/// `lori generate` on tiny models, what it answers, and a model with a chat template.
module LoRi.Cli.Tests.Generating

open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

let generate model options =
    [ "generate"; "--model"; model; "--threads"; "1"; "--max-new-tokens"; "6" ] @ options

let ids (element: JsonElement) =
    [ for id in element.GetProperty("ids").EnumerateArray() -> id.GetInt32() ]

/// The JSON objects that a command answers lines with.
let answers (input: string) arguments =
    (succeeded (loriWith input arguments)).Out.TrimEnd('\n').Split '\n'
    |> List.ofArray
    |> List.map (fun line -> JsonDocument.Parse(line).RootElement)

let template =
    """{"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": "{% for m in messages %}{{ m.role[0] | replace('u', 'What') | replace('a', 'The') }} {{ m.content }}{% endfor %}{% if add_generation_prompt %} is{% endif %}"}"""

/// A model folder with a chat template.
let chatting folder =
    let model = TinyFolder.model folder "m"
    file model "tokenizer_config.json" template |> ignore
    model
