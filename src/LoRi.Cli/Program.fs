module LoRi.Cli.Program

open System.Runtime.CompilerServices
open System.Runtime.InteropServices

[<DllImport("libc")>]
extern nativeint private write(int descriptor, byte[] bytes, unativeint count)

/// Says that a part of the program is missing. What failed to load may be any part, so that this uses none.
[<MethodImpl(MethodImplOptions.NoInlining)>]
let private sayIncomplete () =
    let line =
        "lori: error: a part of the program cannot be loaded; allow more open files (ulimit -n 1024), else build or install lori again\n"B

    write (2, line, unativeint line.Length) |> ignore

/// The whole program; apart from `main`, which must also catch what loading its parts throws.
[<MethodImpl(MethodImplOptions.NoInlining)>]
let private run (arguments: string array) =
    let arguments = List.ofArray arguments

    match Ranks.follower arguments with
    | Some _ -> Application.run (Ranks.quiet ()) arguments
    | None ->
        StandardStreams.install (Ranks.launched().IsSome)
        Application.run (Terminal.standard ()) arguments

[<EntryPoint>]
let main arguments =
    try
        run arguments
    with _ ->
        try
            sayIncomplete ()
        with _ ->
            ()

        ExitCodes.Failed
