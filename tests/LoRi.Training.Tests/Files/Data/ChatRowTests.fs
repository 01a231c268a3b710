/// Rows of messages: the last answers all before it, and its thoughts are its rationale.
module LoRi.Training.Tests.ChatRowTests

open System.IO
open Expecto
open LoRi.Files.Data

let private reading (line: string) (check: string -> unit) =
    let path = Path.GetTempFileName()

    try
        File.WriteAllText(path, line)
        check path
    finally
        File.Delete path

let private message (role: string, content: string) =
    $"""{{"role": "{role}", "content": "{content}"}}"""

let private row (messages: (string * string) list) =
    let all = messages |> List.map message |> String.concat ", "
    $"""{{"messages": [{all}]}}"""

let private read messages =
    let mutable found = ReasoningExample("", "", [||], "", "")

    for line in [ row messages; $"[{row messages}]" ] do
        reading line (fun path -> found <- Seq.exactlyOne (ReasoningData.Read path).Examples)

    found.Question, found.Rationale, found.Answer

let private refused line =
    let mutable text = ""

    reading line (fun path -> text <- SharedFiles.refusalOf (fun () -> ReasoningData.Read path |> ignore))

    text

[<Tests>]
let tests =
    testList
        "Chat rows"
        [
            test "the last line answers, what stands before it is the rationale" {
                Expect.equal
                    (read [ "user", " 2+3? "; "assistant", "2 and 3.\\nThat is 5.\\n5" ])
                    ("2+3?", "2 and 3.\nThat is 5.", "5")
                    "lines"

                Expect.equal (read [ "user", "2+3?"; "assistant", "5" ]) ("2+3?", "", "5") "no rationale"
            }
            test "a mark parts rationale and answer, as GSM8K's and as thoughts have it" {
                Expect.equal
                    (read [ "user", "q"; "assistant", "2+3 = <<2+3=5>>5\\n#### 5" ])
                    ("q", "2+3 = 5", "5")
                    "GSM8K"

                Expect.equal
                    (read [ "user", "q"; "assistant", "<think>\\nhm\\n</think>\\n\\nIt is\\n5" ])
                    ("q", "hm", "It is\n5")
                    "thoughts"
            }
            test "earlier messages are part of the question, each with its role" {
                Expect.equal
                    (read
                        [
                            "system", "Be brief."
                            "user", "a"
                            "assistant", "b"
                            "user", "c"
                            "assistant", "d"
                        ])
                    ("system: Be brief.\nuser: a\nassistant: b\nuser: c", "", "d")
                    "turns"
            }
            test "rows without an answer, and messages that are none, are refused in one line" {
                Expect.stringContains (refused (row [ "user", "a"; "user", "b" ])) "the last of 2 is of 'user'" "role"
                Expect.stringContains (refused """{"messages": []}""") "there is none" "empty"
                Expect.stringContains (refused """{"messages": "a"}""") "expected a list of messages" "text"

                Expect.stringContains
                    (refused """{"messages": [{"role": "user"}, 1]}""")
                    "there is no 'content'"
                    "field"
            }
            test "a question and an answer beside messages come first" {
                reading """{"question": "q", "answer": "a", "messages": []}""" (fun path ->
                    Expect.equal (Seq.exactlyOne (ReasoningData.Read path).Examples).Question "q" "question")
            }
        ]
