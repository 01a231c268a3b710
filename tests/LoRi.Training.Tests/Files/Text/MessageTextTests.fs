/// Texts from outside, before they reach a terminal or a message.
module LoRi.Training.Tests.MessageTextTests

open Expecto
open LoRi.Files
open LoRi.Files.Text

/// Characters that set or reverse the direction of writing, or have no width.
let private invisible =
    [
        yield '\u00AD'
        yield '\u061C'
        yield '\u180E'
        yield! [ '\u200B' .. '\u200F' ]
        yield! [ '\u202A' .. '\u202E' ]
        yield! [ '\u2060' .. '\u206F' ]
        yield '\uFEFF'
        yield! [ '\uFFF9' .. '\uFFFB' ]
    ]

let private escaped (c: char) = $"\\u%04x{int c}"

[<Tests>]
let tests =
    testList
        "Message texts"
        [
            test "names and messages show what has no width or turns the direction" {
                for c in invisible do
                    Expect.equal (MessageText.Name $"a{c}b") $"a{escaped c}b" (escaped c)
                    Expect.stringContains (InputException($"a{c}b").Message) (escaped c) "in messages"

                Expect.equal (MessageText.Name "a\U000E0041") "a\\udb40\\udc41" "invisible letters"
                Expect.equal (MessageText.Name "größe \U0001F600 数") "größe \U0001F600 数" "all else"
            }
            test "text for a terminal has no codes, and keeps lines and letters" {
                for text, shown in
                    [
                        "\u001b[31mred\u001b[0m", "\\u001b[31mred\\u001b[0m"
                        "\u009b2J", "\\u009b2J"
                        "a\rb\bc\u0007\u007f", "a\\u000db\\u0008c\\u0007\\u007f"
                        "a\u202Eb\u2066c", "a\\u202eb\\u2066c"
                        "a\nb\tc", "a\nb\tc"
                        "می\u200cخواهم 👩\u200d🚀", "می\u200cخواهم 👩\u200d🚀"
                        $"{char 0xd800}x", "\\ud800x"
                    ] do
                    Expect.equal (MessageText.ForTerminal text) shown shown
            }
        ]
