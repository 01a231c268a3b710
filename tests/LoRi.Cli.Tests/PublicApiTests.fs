/// What the packages promise: every public type and member stands in a golden text, so that none is made or changed unseen.
module LoRi.Cli.Tests.PublicApiTests

open System
open System.Reflection
open Expecto
open PublicApiGenerator
open LoRi.Cli.Tests.Running

/// The packages of libraries.
let private libraries =
    [
        "LoRi.Math"
        "LoRi.Files"
        "LoRi.Jinja"
        "LoRi.Models"
        "LoRi.Training"
        "LoRi.Runs"
    ]

/// What the F# compiler says of its types to itself.
let private ofCompiler =
    typeof<CompilationMappingAttribute>.Assembly.GetExportedTypes()
    |> Array.filter _.IsSubclassOf(typeof<Attribute>)
    |> Array.map string

let private listing (name: string) =
    let options =
        ApiGeneratorOptions(IncludeAssemblyAttributes = false, ExcludeAttributes = ofCompiler)

    Assembly.Load(name).GeneratePublicApi(options).ReplaceLineEndings("\n") + "\n"

[<Tests>]
let tests =
    testList
        "Public API"
        [
            for name in libraries do
                test $"everything public in {name} is described, with its parameters" {
                    Expect.equal (DocumentedApi.gaps (Assembly.Load name)) [] "what has no sentence"
                }

                test $"{name} promises what its golden text says" { expectGolden $"api {name}.txt" (listing name) }
        ]
