/// The largest error of each quantity of each set of reference numbers, noted while the tests compare.
module LoRi.Training.Tests.Agreement

open System.Collections.Concurrent
open System.Globalization
open System.IO
open System.Threading
open Expecto

type private Place =
    {
        Fixture: string
        Numbers: string
        Quantity: string
    }

type private Worst =
    {
        Error: float
        Limit: float
        Values: int64
    }

let private current = AsyncLocal<Place option>()
let private all = ConcurrentDictionary<Place, Worst>()

let private during (place: Place option) (check: unit -> 'result) : 'result =
    let before = current.Value
    current.Value <- place

    try
        check ()
    finally
        current.Value <- before

/// What is compared inside counts for a quantity of a fixture in a number type.
let at (fixture: string) (numbers: string) (quantity: string) (check: unit -> 'result) : 'result =
    during
        (Some
            {
                Fixture = fixture
                Numbers = numbers
                Quantity = quantity
            })
        check

/// What is compared inside counts for another quantity of the same fixture.
let quantity (name: string) (check: unit -> 'result) : 'result =
    during (current.Value |> Option.map (fun place -> { place with Quantity = name })) check

/// Notes an error and its limit, both relative, of so many values.
let note (error: float) (limit: float) (values: int) =
    let first =
        {
            Error = error
            Limit = limit
            Values = int64 values
        }

    let worse _ (known: Worst) =
        {
            Error = max known.Error error
            Limit = max known.Limit limit
            Values = known.Values + int64 values
        }

    current.Value |> Option.iter (fun place -> all.AddOrUpdate(place, first, worse) |> ignore)

let private short (value: float) =
    if value = 0.0 then
        "0"
    else
        value.ToString("0.0e-0", CultureInfo.InvariantCulture)

/// What tests say that the references have and the product cannot give: the tests that are skipped in a list of this name.
let private unreachable (tests: Test) =
    [
        for test in Test.toTestCodeList tests do
            match test.state, List.rev test.name with
            | Pending, said :: "impossible" :: reference :: _ ->
                let split = said.IndexOf ": "
                reference, said[.. split - 1], said[split + 2 ..]
            | _ -> ()
    ]

/// Writes everything that was noted as a page, and after it what no test can reach.
let write (file: string) (tests: Test) =
    let row (cells: string list) = "| " + String.concat " | " cells + " |"

    let places =
        all.Keys
        |> Seq.sortBy (fun place -> place.Fixture, -place.Numbers.Length, place.Numbers, place.Quantity)

    let lines =
        [
            "# The objectives against reference numbers"
            ""
            "Largest error of each quantity, relative to the reference's value (of arrays: to their largest value); a value that must be zero counts by its size. Limits are those that the references"
            "themselves state. Written by `dotnet run -c Release --project tests/LoRi.Training.Tests -- --agreement FILE`."
            ""
            row [ "reference"; "numbers"; "quantity"; "values"; "largest error"; "limit" ]
            row [ "---"; "---"; "---"; "--:"; "--:"; "--:" ]
            for place in places do
                let worst = all[place]

                row
                    [
                        place.Fixture
                        place.Numbers
                        place.Quantity
                        worst.Values.ToString("N0", CultureInfo.InvariantCulture)
                        short worst.Error
                        short worst.Limit
                    ]
            ""
            "## What cannot be reached"
            ""
            "Quantities of the references that a correct product does not have, as the tests that skip them say."
            ""
            row [ "reference"; "quantity"; "reason" ]
            row [ "---"; "---"; "---" ]
            for reference, quantity, reason in unreachable tests do
                row [ reference.Replace(" against the reference", ""); $"`{quantity}`"; reason ]
        ]

    File.WriteAllLines(file, lines)
