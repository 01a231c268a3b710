/// The order in which a long help shows a command's options: first what a first run needs or sets, then the rest by what it is about.
module LoRi.Cli.OptionGroups

open System

/// What a first run of a command needs, or sets in most cases; commands that are not here have a plain list.
let private first =
    Map.ofList
        [
            "teach", "model data output epochs batch-size learning-rate lora-rank dry-run"
            "distill", "method teacher data output latent-steps epochs batch-size learning-rate dry-run"
            "evaluate", "model data output limit max-new-tokens json"
            "trajectories", "model data output limit json"
        ]

let private groups =
    [
        "MODEL AND TEXT:",
        "model tokenizer init latent-steps projection projection-width answer-prefix write-prefix grade teacher-text question-text data-name max-new-tokens"
        "DATA:",
        "limit max-tokens validation-fraction skip-bad-lines format question-column rationale-column answer-column annotations"
        "SUBSPACE:",
        "subspace subspace-kind levels standardise layer-rank layer-energy max-layer-rank hidden-rank hidden-energy max-hidden-rank"
        "ALIGNMENT WITH THE TEACHER:",
        "covariance weighting order anchor anchor-std w-mean w-cov w-order lambda-rationale lambda-anchor"
        "THE TEACHER'S STATES:", "teacher-cache keep-trajectories shard-size online"
        "OPTIMIZER:",
        "steps epochs batch-size accumulation learning-rate schedule warmup-steps weight-decay decay-all clip beta1 beta2"
        "LOW-RANK ADAPTERS:", "lora-rank lora-alpha lora-dropout lora-targets rslora"
        "THE RUN:",
        "config resume dry-run seed threads dtype device log-every eval-every checkpoint-every divergence-factor collapse-threshold latency-questions json"
    ]

[<Literal>]
let private Indent = "    "

/// The options of a list as the parser prints it, each with its lines; the parser's own `--help` is left out, as every command's
/// page has it below.
let private entries (list: string) =
    let starts (line: string) =
        line.StartsWith(Indent + "--", StringComparison.Ordinal)

    let name (line: string) =
        let word = line.Trim().Split([| ' '; ',' |]) |> Array.head
        word.Substring 2

    let rec collect found (lines: string list) =
        match lines with
        | line :: rest when starts line ->
            let more =
                rest
                |> List.takeWhile (fun next -> next.StartsWith(Indent + " ", StringComparison.Ordinal))

            collect ((name line, line :: more) :: found) (List.skip more.Length rest)
        | _ :: rest -> collect found rest
        | [] -> List.rev found

    collect [] (List.ofArray (list.Split '\n')) |> List.filter (fst >> (<>) "help")

/// A section of some options; nothing where there are none.
let private section heading (options: (string * string list) list) =
    if options.IsEmpty then
        []
    else
        [ heading + "\n\n" + (options |> List.collect snd |> String.concat "\n") ]

/// The list of a command's options in sections, from the lists that the parser prints.
let arrange (command: string) (lists: string list) =
    let all = List.collect entries lists

    let rec take found left sections =
        match sections with
        | (heading, names: string) :: rest ->
            let wanted = names.Split ' '

            let chosen =
                [
                    for name in wanted do
                        yield! left |> List.filter (fst >> (=) name)
                ]

            let others = left |> List.filter (fun (name, _) -> not (Array.contains name wanted))
            take (found @ section heading chosen) others rest
        | [] -> found @ section "FURTHER OPTIONS:" left

    match Map.tryFind command first with
    | Some names ->
        take [] all (("A FIRST RUN NEEDS, OR OFTEN SETS:", names) :: groups)
        |> String.concat "\n\n"
    | None ->
        // What stands before the options, such as a command's main arguments, stays.
        let lines =
            (String.concat "\n\n" lists).Split '\n'
            |> Array.filter (fun line -> line.Trim().StartsWith("--help ", StringComparison.Ordinal) |> not)

        let text = (String.concat "\n" lines).TrimEnd()
        // A command without options of its own has no list of them.
        if text.EndsWith("OPTIONS:", StringComparison.Ordinal) then
            text.Substring(0, text.Length - "OPTIONS:".Length).TrimEnd()
        else
            text
