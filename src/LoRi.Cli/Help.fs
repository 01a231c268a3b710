/// The texts of `--help`.
module LoRi.Cli.Help

/// How a command is shown.
type Page =
    {
        Name: string
        Summary: string
        Syntax: string
        Example: string
        Options: unit -> string
    }

let private globalOptions =
    """FOR EVERY COMMAND:

    --help                show this help
    --verbose             show where an error came from
    --libtorch <folder>   libtorch to use, such as an installed PyTorch's
                          torch/lib (default: LORI_LIBTORCH, else the one that
                          comes with the program)
    --libtorch-any-version
                          accept a libtorch of a version that was never tried
    --plugin <file>       class library (.dll) with a method of your own; it is
                          code that runs"""

/// The help of the whole program.
let overview (pages: Page list) =
    let width = pages |> List.map _.Name.Length |> List.max

    let line (page: Page) =
        Wrapping.behind $"    {page.Name.PadRight width}  " page.Summary

    String.concat
        "\n"
        [
            "lori: low-rank distillation for implicit reasoning"
            ""
            "USAGE: lori COMMAND [options]"
            ""
            "COMMANDS:"
            ""
            yield! List.map line pages
            ""
            globalOptions
            "    --version             show the version"
            ""
            "EXAMPLE: lori demo --quick --output runs/demo"
            "`lori COMMAND --help` or `lori help COMMAND` lists a command's options."
        ]

/// The help of one command.
let page (page: Page) =
    String.concat
        "\n"
        [
            Wrapping.behind $"lori {page.Name}: " page.Summary
            ""
            Wrapping.behind "USAGE: lori " $"{page.Name} {page.Syntax}"
            ""
            page.Options()
            ""
            globalOptions
            ""
            Wrapping.commandLine "EXAMPLE: lori " $"{page.Name} {page.Example}"
        ]
