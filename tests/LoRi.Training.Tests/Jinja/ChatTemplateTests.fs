/// Chat templates against Hugging Face's renderings, against Jinja, and against templates that mean no good.
module LoRi.Training.Tests.ChatTemplateTests

open System
open System.Diagnostics
open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open Expecto
open LoRi.Files
open LoRi.Files.Tokenizers
open LoRi.Jinja
open LoRi.Training.Tests.SharedFiles

let private one (content: string) =
    let message = JsonObject()
    message["role"] <- "user"
    message["content"] <- content
    JsonArray message

let private render (template: string) =
    ChatTemplate("t", template, TemplateGolden.config ()).Render(TemplateGolden.messages (), true)

let private node (element: JsonElement) =
    nonNull (JsonNode.Parse(element.GetRawText()))

let private familyTest (family: string) =
    testCase family
    <| fun () ->
        let tokenizer = TokenizerFile.Load(path $"tokenizers/{family}")
        let template = nonNull (ChatTemplate.Find tokenizer)

        let cases =
            [
                for case in (json $"fixtures/tokenizers/{family}/chat.json").EnumerateArray() -> case
            ]

        Expect.isNonEmpty cases "cases"

        for case in cases do
            let rendered =
                template.Render(
                    (node (case.GetProperty "messages")).AsArray(),
                    case.GetProperty("add_generation_prompt").GetBoolean(),
                    (node (case.GetProperty "template_arguments")).AsObject()
                )

            Expect.equal rendered (text "rendered" case) "rendered"

            Expect.equal (tokenizer.Encode(rendered, false)) [| for id in items "ids" case -> id.GetInt32() |] "ids"

let private published () =
    [
        for folder in foldersWith "chat.json" "fixtures/tokenizers" do
            familyTest (folder.Substring(folder.LastIndexOf '/' + 1))
        testCase "no template"
        <| fun () -> Expect.isNull (ChatTemplate.Find(TokenizerFile.Load(path "tokenizers/gpt2"))) "gpt2 has none"
        testCase "a GGUF file's"
        <| fun () ->
            let tokenizer = TokenizerFile.Load(path "models/smollm2-135m-instruct")

            Expect.equal
                ((nonNull (ChatTemplate.Find tokenizer)).Render(one "Hi", true))
                "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
                "SmolLM2"
    ]

let private golden =
    [
        for index, (template, expected) in List.indexed TemplateGolden.cases.Value do
            testCase $"template {index}: {JsonSerializer.Serialize(template[.. min 40 (template.Length - 1)])}"
            <| fun () ->
                match expected with
                | Some text ->
                    Expect.equal (render template) text "rendered"
                    let other = template.Replace("\n", "\r\n")
                    let ended = if template.EndsWith '\n' then other else other + "\n"
                    Expect.equal (render ended) text "with other line ends, one of them at the end"
                | None ->
                    let message =
                        try
                            failtest $"was accepted: {render template}"
                        with :? InputException as e ->
                            e.Message

                    Expect.stringStarts message "t: chat template, line " "the message names the line"
                    Expect.isFalse (message.Contains '\n') "one line"
    ]

let private refused =
    [
        for template, message in
            [
                "a\n{{ x.y.z }}", "line 2: \"x\", which is undefined, has no \"y\""
                "{% if true %}\n\n{{ raise_exception('no\nway') }}{% endif %}",
                "line 3: the template refuses: \"no\\u000away\""
                "{{ 1\n+\n'a' }}", "line 2: a number + a text has no meaning"
                "\n{% include 'other' %}", "line 2: the tag \"include\" is not supported"
                "{% for x in y recursive %}{% endfor %}", "line 1: recursive loops are not supported"
                "\n\n{{ 'a'|explode }}", "line 3: there is no filter \"explode\""
                "{{ 1 is weird }}", "line 1: there is no test \"weird\""
                "{% for x in [1] %}\n{{ x }}\n", "the template ends where else or endfor should come"
                "{{ [1, 2\n) }}", "\")\" closes nothing"
                "{{ 'a'.upper(1) if false }}{{ 'a'.strip(1) }}", "strip needs a text as \"chars\", not a number"
                "{{ {[1]: 2} }}", "a list cannot be a key"
                "{% macro m(a) %}{% endmacro %}{{ m(1, a=2) }}", "\"m\" is given \"a\" twice"
                "{{ 9223372036854775807 + 1 }}", "a whole number becomes too large"
                "{{ 99999999999999999999 }}", "the number \"99999999999999999999\" is too large"
                "{{ 1 // 0 }}", "a division by zero"
                "{{ {1:2,'a':1}|tojson(sort_keys=true) }}", "a number and a text have no order"
                "{{ '%q' % 1 }}", "the format \"%q\" is not supported"
                "{{ '\\ud83d'.x.y }}", "which is undefined, has no \"y\""
            ] do
            testCase (JsonSerializer.Serialize template)
            <| fun () ->
                let found =
                    try
                        failtest $"was accepted: {render template}"
                    with :? InputException as e ->
                        e.Message

                Expect.stringContains found message "message"
    ]

let private repeated count (text: string) = String.replicate count text

/// Templates that would run forever, fill the memory or the stack.
let private hostile =
    [
        for name, template in
            [
                "loops in loops", repeated 5 "{% for a in range(99999) %}" + repeated 5 "{% endfor %}"
                "a text that doubles",
                "{% set ns = namespace(s='ab') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}"
                "a list that doubles",
                "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}"
                "a value within itself",
                "{% set ns = namespace(s=[1]) %}{% for i in range(9999) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s }}"
                "the same compared",
                "{% set ns = namespace(s=[1], t=[1]) %}{% for i in range(9999) %}{% set ns.s = [ns.s] %}{% set ns.t = [ns.t] %}{% endfor %}{{ ns.s == ns.t }}"
                "a text many times over", "{{ 'ab' * 999999999999 }}"
                "a long range", "{{ range(0, 99999999999) }}"
                "wide indents", "{{ ('a\n' * 99999) | indent(99999) }}"
                "wide numbers", "{{ '1'.zfill(9999999999) ~ 'a'.center(9999999999) }}{{ '%.999999999f' % 1.0 }}"
                "a search without end",
                "{{ ('a' * 4000000).count('a' * 2000000 ~ 'b' ~ 'a' * 2000000) }}{% set s = 'a' * 4000000 %}{% for i in range(9999) %}{{ s.find('a' * 999999 ~ 'b') }}{% endfor %}"
                "long keys",
                "{% set s = 'a' * 4000000 %}{% set m = {s: 1} %}{% for i in range(99999) %}{{ m[s] }}{% endfor %}"
                "long equals",
                "{% set s = 'a' * 4000000 %}{% set t = 'a' * 4000000 %}{% for i in range(99999) %}{{ s == t }}{% endfor %}"
                "a macro of itself", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"
                "macros without end",
                "{% macro m(n) %}{% if n > 0 %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}"
                "brackets", "{{ " + repeated 100_000 "(" + "1" + repeated 100_000 ")" + " }}"
                "lists", "{{ " + repeated 100_000 "[" + repeated 100_000 "]" + " }}"
                "signs", "{{ " + repeated 100_000 "-" + "1 }}"
                "nots", "{{ " + repeated 100_000 "not " + "1 }}"
                "conditions", "{{ " + repeated 100_000 "1 if 0 else " + "1 }}"
                "a long sum", "{{ 1" + repeated 100_000 " + 1" + " }}"
                "a long chain", "{{ a" + repeated 100_000 ".b" + " }}"
                "a long row of filters", "{{ 'a'" + repeated 100_000 "|trim" + " }}"
                "blocks", repeated 100_000 "{% if 1 %}" + repeated 100_000 "{% endif %}"
                "targets", "{% set " + repeated 100_000 "(" + "a" + repeated 100_000 ")" + " = 1 %}"
                "joins", "{{ range(99999) | join('a' * 9999) }}"
                "nested JSON",
                "{{ ([[[[1] * 0]]] if false else [range(99999)|list, range(99999)|list]) | tojson(indent=1000) }}"
                "unique", "{{ range(99999) | unique | list }}"
                "powers", "{{ 2 ** 99999999 }}"
                let rounds =
                    "{% set s = 'x' * 1000000 %}{% set n = '1' * 1000000 %}{% for i in range(1000) %}{% for j in range(1000) %}"

                for name, part in
                    [
                        "separators", "range(100000)|tojson(separators=(s,s))"
                        "keys in JSON", "[{s: 1}, {s: 1}]|tojson"
                        "keys of a mapping", "{s: 1}"
                        "a key that is asked for", "{}.get(s)"
                        "a key that is looked for", "s in {}"
                        "a key that is tested for", "s is in({})"
                        "whole numbers", "n|int"
                        "numbers", "n|float"
                        "formats", "s % ()"
                        "attributes to sort by", "[1]|sort(attribute=',' * 1000000)"
                        "attributes to map", "[1]|map(attribute=s)|list"
                        "characters to strip", "'a'.strip(s)"
                        "characters to trim", "s|trim(s ~ 'y')"
                        "prefixes", "'a'.startswith(s)"
                        "defaults", "s|default(s)"
                        "a macro's arguments", "dict(a=s)"
                    ] do
                    $"long texts: {name}", rounds + "{% if " + part + " == 0 %}{% endif %}{% endfor %}{% endfor %}"

                "replacements", "{{ ('a' * 999999) | replace('a', 'b' * 999999) }}"
            ] do
            testCase name
            <| fun () ->
                let watch = Stopwatch.StartNew()
                let before = GC.GetTotalMemory true

                let message =
                    try
                        failtest $"was accepted with {(render template).Length} characters"
                    with :? InputException as e ->
                        e.Message

                Expect.isLessThan message.Length 400 "a short message"
                Expect.isLessThan watch.Elapsed (TimeSpan.FromSeconds 60.0) "time"
                Expect.isLessThan (GC.GetTotalMemory true - before) 100_000_000L "nothing stays"
    ]

let private clock =
    { new TimeProvider() with
        override _.GetUtcNow() =
            DateTimeOffset(2024, 7, 6, 15, 4, 9, TimeSpan.Zero)

        override _.LocalTimeZone = TimeZoneInfo.Utc
    }

let private dates =
    testCase "strftime_now writes dates as C does"
    <| fun () ->
        for format, expected in
            [
                "%d %b %Y", "06 Jul 2024"
                "%A, %B %-d, %y", "Saturday, July 6, 24"
                "%a %e %H:%M:%S %I %p %j %%", "Sat  6 15:04:09 03 PM 188 %"
                "%Y-%m-%d %F %T %R %D", "2024-07-06 2024-07-06 15:04:09 15:04 07/06/24"
                "%u %w %c", "6 6 Sat Jul  6 15:04:09 2024"
                "100%", "100%"
            ] do
            let template = "{{ strftime_now(\"" + format + "\") }}"
            Expect.equal (ChatTemplate("t", template, JsonObject(), clock).Render(JsonArray(), false)) expected format

let private tokenizer =
    """{"model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}}"""

/// What is found of a folder with these files beside a tokenizer.
let private foundIn (files: (string * string) list) =
    let folder = Directory.CreateTempSubdirectory("lori-templates-").FullName

    try
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), tokenizer)

        for name, content in files do
            File.WriteAllText(Path.Combine(folder, name), content)

        let loaded = TokenizerFile.Load folder
        let saved = Path.Combine(folder, "saved")
        loaded.SaveTo saved |> ignore

        let rendered (tokenizer: TextTokenizer) =
            ChatTemplate.Find tokenizer |> Option.ofObj |> Option.map _.Render(one "q", true)

        Expect.equal (rendered (TokenizerFile.Load saved)) (rendered loaded) "the same after saving"
        rendered loaded
    finally
        Directory.Delete(folder, true)

let private places =
    let config template =
        "tokenizer_config.json", $$"""{"bos_token": {"content": "<s>"}, "chat_template": {{template}}}"""

    let named (names: string list) =
        names
        |> List.map (fun name -> $$"""{"name": "{{name}}", "template": "{{name}}"}""")
        |> String.concat ", "
        |> sprintf "[%s]"

    testList
        "places"
        [
            for name, files, expected in
                [
                    "none", [], None
                    "the configuration", [ config "\"{{ bos_token }}c\"" ], Some "<s>c"
                    "null", [ config "null" ], None
                    "the default of several", [ config (named [ "tool_use"; "default" ]) ], Some "default"
                    "the only one", [ config (named [ "rag" ]) ], Some "rag"
                    "a file of its own", [ config "\"c\""; "chat_template.jinja", "j{{ bos_token }}\n" ], Some "j<s>"
                    "a file with a byte order mark", [ "chat_template.jinja", "\uFEFFj" ], Some "j"
                    "a file of JSON",
                    [ "chat_template.json", """{"chat_template": "{{ messages[0].content }}"}""" ],
                    Some "q"
                    "the configuration before a file of JSON",
                    [ config "\"c\""; "chat_template.json", """{"chat_template": "x"}""" ],
                    Some "c"
                ] do
                testCase name <| fun () -> Expect.equal (foundIn files) expected "rendered"
            for name, files, message in
                [
                    "a number", [ config "1" ], "neither a text nor a list"
                    "an entry without a template",
                    [ config """[{"name": "a"}]""" ],
                    "an entry that is not a new name with a template"
                    "two of a name", [ config (named [ "a"; "a" ]) ], "an entry that is not a new name"
                    "several without a default", [ config (named [ "a"; "b" ]) ], "(a, b) none is called default"
                    "JSON without a template", [ "chat_template.json", "{}" ], "has no chat_template"
                    "a template that is none", [ config "\"{% if %}\"" ], "chat template, line 1"
                ] do
                testCase name
                <| fun () ->
                    let found =
                        try
                            failtest $"was accepted: {foundIn files}"
                        with :? InputException as e ->
                            e.Message

                    Expect.stringContains found message "message"
        ]

[<Tests>]
let tests =
    testList
        "chat templates"
        [
            fixtureTests "published" published
            testList "golden" golden
            testList "refused" refused
            testSequenced (testList "hostile" hostile)
            dates
            places
        ]
