/// The table of families and checks with the largest errors, as a page.
module LoRi.Training.Tests.ParityTable

open System.Globalization
open System.IO
open LoRi.Models.Native
open LoRi.Training.Tests.FamilyChecks
open LoRi.Training.Tests.FamilyFixture
open LoRi.Training.Tests.FamilyTests

let private short (value: float) =
    if value = 0.0 then
        "0"
    else
        value.ToString("0.#e-0", CultureInfo.InvariantCulture)

let private cell (measured: Measured) =
    let text = short measured.Error

    if measured.Error <= measured.Limit then
        text
    else
        $"**{text}**"

let private row (cells: string seq) = "| " + String.concat " | " cells + " |"

let private table (numbers: Numbers) (names: string[]) =
    let columns =
        names
        |> Array.map (fun name ->
            [
                for _, check in checks do
                    yield! run name numbers check
            ])

    [
        $"## {numbers.Name}"
        ""
        row ("check" :: "limit" :: [ for name in names -> $"`{name}`" ])
        row ("---" :: "--:" :: [ for _ in names -> "--:" ])
        for index, first in List.indexed columns[0] do
            row (first.What :: short first.Limit :: [ for column in columns -> cell column[index] ])
        ""
    ]

/// Measures everything and writes the page.
let write (file: string) =
    NativeRuntime.Load()
    let names = names ()

    let lines =
        [
            "# The decoder against transformers"
            ""
            "Largest absolute difference (where a row says so, relative) to what transformers 5.23 gives for the tiny checkpoints in"
            "`fixtures/models`, CPU. Bold is beyond the limit. Written by"
            "`dotnet run -c Release --project tests/LoRi.Training.Tests -- --parity FILE`."
            ""
            yield! table float64 names
            yield! table float32 names
            "## bfloat16"
            ""
            "Weights and arithmetic in bfloat16, logits against float64's. transformers' own bfloat16 is off by 5.9e-02 on"
            "`qwen2-sharded-bf16`, the only folder that has it; no limit elsewhere."
            ""
            row [ for name in names -> $"`{name}`" ]
            row [ for _ in names -> "--:" ]
            row [ for name in names -> cell (bfloat16 name) ]
            ""
        ]

    File.WriteAllLines(file, lines)
