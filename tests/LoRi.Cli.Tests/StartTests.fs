/// What the program does before it does anything: how little it loads, and when it writes colours.
module LoRi.Cli.Tests.StartTests

open System
open System.IO
open System.Reflection
open System.Runtime.Loader
open Expecto
open LoRi.Cli
open LoRi.Cli.Tests.Running

/// The program with assemblies of its own, as a process of its own would have them.
type private Isolated(path: string) =
    inherit AssemblyLoadContext("lori alone")
    let resolver = AssemblyDependencyResolver path

    member this.Program = this.LoadFromAssemblyPath path

    override this.Load(name: AssemblyName) : Assembly | null =
        match resolver.ResolveAssemblyToPath name with
        | null -> null
        | file -> this.LoadFromAssemblyPath file

/// What a static method is called on.
let private noInstance: objnull = null

/// The exit codes of command lines, run one after another, and the names of the assemblies that they load together.
let private loadedBy (commandLines: string list list) =
    let context = Isolated(typeof<Registry.Command>.Assembly.Location)
    let find (name: string) = nonNull (context.Program.GetType name)
    let terminal = find "LoRi.Cli.Terminal"

    let stream (writer: objnull) =
        Activator.CreateInstance(terminal, [| box TextReader.Null; writer; writer; box false |])

    let run = nonNull ((find "LoRi.Cli.Application").GetMethod "run")
    let listType = (Array.last (run.GetParameters())).ParameterType

    let listModule =
        nonNull (listType.Assembly.GetType "Microsoft.FSharp.Collections.ListModule")

    let codeOf (arguments: string list) =
        let list: objnull =
            (nonNull (listModule.GetMethod "OfArray"))
                .MakeGenericMethod([| typeof<string> |])
                .Invoke(noInstance, [| box (Array.ofList arguments) |])

        let code: objnull = run.Invoke(noInstance, [| stream TextWriter.Null; list |])
        unbox<int> code

    List.map codeOf commandLines, [ for assembly in context.Assemblies -> string (assembly.GetName().Name) ]

let private loading =
    [
        test "no help, and no mistake that is found without it, loads Torch" {
            let help =
                [ "--help" ]
                :: [
                    for command in Registry.commands () -> [ yield! command.Page.Name.Split ' '; "--help" ]
                ]

            let codes, assemblies =
                loadedBy (help @ [ [ "subspace"; "report"; "--subspace"; "there is none" ] ])

            Expect.equal (set codes) (set [ ExitCodes.Success; ExitCodes.Failed ]) "help succeeds, a missing file fails"
            Expect.contains assemblies "lori" "the program itself is seen"
            Expect.contains assemblies "LoRi.Runs" "and what it loads later"
            Expect.isFalse (List.contains "TorchSharp" assemblies) $"loaded: {assemblies}"
        }
        test "the program's own help and version declare no command's settings" {
            let codes, assemblies = loadedBy [ [ "--help" ]; [ "help" ]; [ "--version" ] ]
            Expect.equal (set codes) (set [ ExitCodes.Success ]) "they succeed"
            Expect.contains assemblies "lori" "the program itself is seen"
            Expect.isFalse (List.contains "LoRi.Runs" assemblies) $"loaded: {assemblies}"
        }
    ]

let private colours =
    [
        test "NO_COLOR and a redirected output turn colours off" {
            Expect.isTrue (Terminal.wantsColour null false) "a terminal"
            Expect.isTrue (Terminal.wantsColour "" false) "an empty NO_COLOR says nothing"
            Expect.isFalse (Terminal.wantsColour "1" false) "NO_COLOR"
            Expect.isFalse (Terminal.wantsColour null true) "redirected"
        }
        test "errors and tables have no colour codes where none are wanted" {
            for arguments in [ [ "dance" ]; [ "completion"; "bash" ] ] do
                let outcome = lori arguments
                Expect.isFalse ((outcome.Out + outcome.Error).Contains '\u001b') $"{arguments}"
        }
    ]

[<Tests>]
let tests = testList "Start" (loading @ colours)
