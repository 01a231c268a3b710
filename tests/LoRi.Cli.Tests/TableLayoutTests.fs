/// Tables that are wider than the terminal.
module LoRi.Cli.Tests.TableLayoutTests

open Expecto
open LoRi.Cli

let private headers = [ "first"; "second"; "accuracy"; "interval"; "p" ]

let private rows =
    [
        [ "lori"; "codi"; "76.0 / 33.4"; "38.1 to 47.2"; "< 0.001" ]
        [ "lori"; "no-cot"; "76.0 / 42.4"; "28.9 to 38.3"; "0.01" ]
    ]

/// Columns of a part as they are written: an edge, and of each a cell, a space on both sides, and a line.
let private written columns =
    1
    + List.sum
        [
            for column in columns ->
                3 + List.max [ for cells in headers :: rows -> (List.item column cells: string).Length ]
        ]

[<Tests>]
let tests =
    testList
        "table layout"
        [
            test "a table that fits is one" {
                Expect.equal (TableLayout.parts 200 1 headers rows) [ [ 0..4 ] ] "wide enough"
                Expect.equal (TableLayout.parts (written [ 0..4 ]) 1 headers rows) [ [ 0..4 ] ] "just"
            }
            test "every part fits, begins with the columns that name rows, and each other column stands in one" {
                for keys in 1..2 do
                    for room in written [ 0..keys ] + 10 .. written [ 0..4 ] do
                        let parts = TableLayout.parts room keys headers rows

                        for part in parts do
                            Expect.equal (List.truncate keys part) [ 0 .. keys - 1 ] "names"
                            Expect.isLessThanOrEqual (written part) room $"%A{part} within {room}"

                        Expect.equal (List.collect (List.skip keys) parts) [ keys..4 ] "the rest, once and in order"
            }
            test "where no room is enough a part has one column beside its names" {
                Expect.equal (TableLayout.parts 1 2 headers rows) [ [ 0; 1; 2 ]; [ 0; 1; 3 ]; [ 0; 1; 4 ] ] "narrow"
            }
        ]
