/// What Jinja makes of many small templates; Jinja/Templates/make_templates.py wrote it.
module LoRi.Training.Tests.TemplateGolden

open System.Text.Json.Nodes

let private golden =
    lazy
        (use stream =
            nonNull (System.Reflection.Assembly.GetExecutingAssembly().GetManifestResourceStream "templates.json")

         (nonNull (JsonNode.Parse stream)).AsObject())

/// The chat that all of them write.
let messages () =
    (nonNull golden.Value["messages"]).DeepClone().AsArray()

/// The texts of the special tokens.
let config () =
    let config = JsonObject()

    for name in [ "bos_token"; "eos_token" ] do
        config[name] <- (nonNull golden.Value[name]).DeepClone()

    config

/// Templates, and what they write; nothing where they are refused.
let cases =
    lazy
        [
            for case in (nonNull golden.Value["cases"]).AsArray() do
                let case = nonNull case

                (nonNull case["template"]).GetValue<string>(),
                case["rendered"] |> Option.ofObj |> Option.map _.GetValue<string>()
        ]
