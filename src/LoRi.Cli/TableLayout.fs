/// How a table that is wider than the terminal is shown: as several, each of which begins with the columns that name its rows.
module LoRi.Cli.TableLayout

open Spectre.Console

/// What stands around each column: a space on both sides, and a line.
let private around = 3

/// What a table has at its edges beside its columns.
let private edges = 1

let private width (cells: string list) =
    around + List.max [ for cell in cells -> cell.GetCellWidth() ]

/// The columns of each part, the first `keys` ones in all of them; a part has at least one more, whatever its width.
let parts (room: int) keys (headers: string list) (rows: string list list) : int list list =
    let widths =
        headers
        |> List.mapi (fun column header -> width (header :: [ for row in rows -> List.item column row ]))

    let named = [ 0 .. keys - 1 ]

    let taken columns =
        edges + List.sumBy (fun column -> widths[column]) columns

    let add (done', current) column =
        if List.length current > keys && taken current + widths[column] > room then
            List.rev current :: done', column :: List.rev named
        else
            done', column :: current

    let whole, last = List.fold add ([], List.rev named) [ keys .. headers.Length - 1 ]
    List.rev (List.rev last :: whole)
