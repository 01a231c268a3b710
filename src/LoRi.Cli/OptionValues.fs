/// The values of options: which options take one, and how an option that is given twice is read.
module LoRi.Cli.OptionValues

open System
open Argu
open Microsoft.FSharp.Reflection
open LoRi.Cli.ExitCodes
open LoRi.Files
open LoRi.Runs.Settings

/// Stands before a help flag that is an option's value; no command line can hold it.
[<Literal>]
let private Mark = "\000"

/// Whether an argument asks for help, where it is not an option's value.
let isHelp argument =
    List.contains argument [ "--help"; "-h"; "-?" ]

/// The options that one value of a type follows.
let private followedBy<'T when 'T :> IArgParserTemplate> (value: Type) (parser: ArgumentParser<'T>) =
    set
        [
            for case in parser.GetArgumentCases() do
                match case.UnionCaseInfo.GetFields() with
                | [| field |] when field.PropertyType = value -> yield! case.CommandLineNames.Value
                | _ -> ()
        ]

/// The options that a text follows.
let ofText<'T when 'T :> IArgParserTemplate> (parser: ArgumentParser<'T>) = followedBy typeof<string> parser

/// The options that take free text, which people write without quotes.
let ofWords<'T when 'T :> IArgParserTemplate> (parser: ArgumentParser<'T>) =
    set
        [
            for case in parser.GetArgumentCases() do
                match case.UnionCaseInfo.GetFields() with
                | [| field |] when field.Name = "text" -> yield! case.CommandLineNames.Value
                | _ -> ()
        ]

/// Refuses numbers that the parser would misread: it takes a comma for a separator of thousands, so that 0,001 would be 1.
let checkNumbers<'T when 'T :> IArgParserTemplate> (parser: ArgumentParser<'T>) (arguments: string list) =
    let ofNumber = followedBy typeof<float> parser

    for option, value in List.pairwise arguments do
        if ofNumber.Contains option && value.Contains ',' then
            raise (
                UsageException
                    $"{option} {value}: must be a number; the decimal sign is a point, and nothing separates thousands"
            )

/// The arguments with a mark before help flags that are the values of such options.
let rec protect (ofText: Set<string>) (arguments: string list) =
    match arguments with
    | option :: value :: rest when ofText.Contains option && isHelp value ->
        option :: Mark + value :: protect ofText rest
    | first :: rest -> first :: protect ofText rest
    | [] -> []

let private unmarked (field: objnull) : objnull =
    match field with
    | :? string as text when text.StartsWith(Mark, StringComparison.Ordinal) -> text.Substring Mark.Length
    | other -> other

/// The option of a case: its name with hyphens.
let option (case: UnionCaseInfo) =
    "--" + case.Name.ToLowerInvariant().Replace('_', '-')

/// The error for an option that takes one value and was given two.
let givenTwice (option: string) (values: string list) =
    let all = String.Join(" and ", values)
    UsageException $"{option} is given more than once, as {all}; give it once"

let private joined (case: UnionCaseInfo) (all: objnull array list) =
    match case.GetFields() with
    | [||] -> [||]
    | [| field |] when field.PropertyType = typeof<string list> ->
        [|
            box (List.collect (fun (fields: objnull array) -> unbox<string list> fields[0]) all)
        |]
    | _ ->
        match all with
        | [ fields ] -> Array.map unmarked fields
        | several -> raise (givenTwice (option case) [ for fields in several -> string (unmarked fields[0]) ])

/// What the names of a case's values call a place in the file system.
let private places = set [ "file"; "folder"; "path"; "run" ]

/// An unset variable of a shell leaves an empty text, which is no place.
let private refuseNowhere (case: UnionCaseInfo) (fields: objnull array) =
    let texts =
        match fields with
        | [| :? string as text |] -> [ text ]
        | [| :? (string list) as texts |] -> texts
        | _ -> []

    if List.contains "" texts && places.Contains (case.GetFields()[0]).Name then
        // The main arguments of a command have no option before them.
        let isMain =
            case.GetCustomAttributes typeof<MainCommandAttribute> |> Seq.isEmpty |> not

        let name = if isMain then case.Name.ToLowerInvariant() else option case
        raise (UsageException $"{name}: must name a {(case.GetFields()[0]).Name}, found an empty text")

/// Refuses more of anything than a machine has.
let private refuseTooMany (case: UnionCaseInfo) (fields: objnull array) =
    let check (count: float) =
        try
            OptionBounds.Check(option case, count)
        with :? InputException as e ->
            raise (UsageException e.Message)

    match fields with
    | [| :? int as count |] -> check (float count)
    | [| :? float as measure |] -> check measure
    | _ -> ()

/// The values of the options, each once: lists that are given in parts are put together, two single values are refused.
let once<'T> (values: 'T list) : 'T list =
    values
    |> List.map (fun value -> FSharpValue.GetUnionFields(value, typeof<'T>))
    |> List.groupBy (fun (case, _) -> case.Tag)
    |> List.map (fun (_, group) ->
        let case = fst group.Head

        for _, fields in group do
            refuseNowhere case fields
            refuseTooMany case fields

        unbox<'T>(nonNull (FSharpValue.MakeUnion(case, joined case (List.map snd group)))))
