/// Units and several values in ASDiv's answers.
module LoRi.Training.Tests.AsdivTests

open System.IO
open Expecto
open LoRi.Files.Data

let private answer (text: string) =
    let path = Path.GetTempFileName()

    try
        File.WriteAllText(
            path,
            $"<ProblemSet><Problem ID=\"p\"><Body>B</Body><Question>Q?</Question><Answer>{text}</Answer></Problem></ProblemSet>"
        )

        (Seq.exactlyOne (ReasoningData.Read([ path ], DataOptions(Format = DataFormat.Asdiv)).Examples)).Answer
    finally
        File.Delete path

[<Tests>]
let tests =
    testList
        "ASDiv"
        [
            test "every unit is dropped, and nothing else" {
                for text, expected in
                    [
                        "9 (apples)", "9"
                        "5 (years old); 15 (years old); 20 (years old)", "5; 15; 20"
                        "8 (ft); 128 (sq. ft)", "8; 128"
                        "3.5 (dollars) ; 1.8(dollars)", "3.5 ; 1.8"
                        "9; 11", "9; 11"
                        "-(1/3)", "-(1/3)"
                        "Rug B", "Rug B"
                        "3:30 (p.m.)", "3:30"
                    ] do
                    Expect.equal (answer text) expected text
            }
            test "no answer of the published file keeps a unit" {
                let set =
                    ReasoningData.Read([ SharedFiles.path "data/asdiv/ASDiv.xml" ], DataOptions())

                for example in set.Examples do
                    if example.Answer.Contains '(' then
                        Expect.isMatch example.Answer @"^-?\([0-9/.]+\)$" "a number in brackets is none"
            }
        ]
