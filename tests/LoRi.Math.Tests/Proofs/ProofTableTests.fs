/// proofs/README.md, the proofs and the properties that are paired with them say the same.
module LoRi.Math.Tests.Proofs.ProofTableTests

open System
open System.IO
open System.Reflection
open System.Text.RegularExpressions
open Expecto
open Expecto.Impl
open LoRi.Math

/// The table and the proofs come with the tests.
let private folder = Path.Combine(AppContext.BaseDirectory, "ProofTable")

/// One row of the table.
type private Row =
    {
        Theorem: string
        File: string
        /// Modules or types of the core with a member each: `Tensor3.fold1`.
        Functions: string list
    }

/// What stands between backticks.
let private quoted (cell: string) =
    [ for found in Regex.Matches(cell, "`([^`]*)`") -> found.Groups[1].Value ]

let private rowOf (line: string) =
    match line.Trim().Trim('|').Split '|' |> Array.map _.Trim() with
    | [| name; says; file; functions |] when says <> "" ->
        {
            Theorem = name.Trim '`'
            File = Regex.Match(file, @"\w+\.v").Value
            Functions = quoted functions
        }
    | _ -> failtest $"not a row of four cells: {line}"

/// The table's rows, without its two header lines.
let private rows =
    lazy
        (File.ReadAllLines(Path.Combine(folder, "README.md"))
         |> Array.filter (fun line -> line.StartsWith '|')
         |> Array.skip 2
         |> Array.map rowOf
         |> List.ofArray)

/// Theorems (not lemmas, which are steps on the way) by file.
let private proved =
    lazy
        (Set.ofList
            [
                for file in DirectoryInfo(folder).GetFiles "*.v" do
                    let text = File.ReadAllText file.FullName

                    for found in Regex.Matches(text, @"^ *Theorem +([\w']+)", RegexOptions.Multiline) do
                        file.Name, found.Groups[1].Value
            ])

/// How many lines of prose stand directly above a theorem.
let private proseAbove (name: string) (lines: string[]) =
    let theorem =
        lines |> Array.findIndex (fun line -> Regex.IsMatch(line, $"^ *Theorem +{name}\\b"))

    let above = lines[.. theorem - 1] |> Array.rev

    match Array.tryHead above with
    | Some last when last.TrimEnd().EndsWith "*)" ->
        match above |> Array.tryFindIndex (fun line -> line.TrimStart().StartsWith "(*") with
        | Some first -> above[..first] |> Array.filter (fun line -> line.Trim() <> "") |> Array.length
        | None -> 0
    | _ -> 0

/// Paths (file, backend, name) of the properties under "Proofs".
let private properties () =
    testFromAssembly (Assembly.GetExecutingAssembly())
    |> Option.defaultValue (testList "" [])
    |> Test.toTestCodeList
    |> List.choose (fun test ->
        match test.name, test.state with
        | [ "Proofs"; file; backend; name ], FocusState.Normal -> Some(file, backend, name)
        | "Proofs" :: _, _ -> failtest $"not a property of a theorem on a backend: %A{test.name}"
        | _ -> None)

let private everyMember =
    BindingFlags.Public
    ||| BindingFlags.NonPublic
    ||| BindingFlags.Static
    ||| BindingFlags.Instance

/// Whether the core has a module or type with a member of this name.
let private exists (name: string) =
    match name.Split '.' with
    | [| owner; item |] ->
        typeof<RawTensor>.Assembly.GetTypes()
        |> Array.filter (fun found -> found.Namespace = "LoRi.Math")
        |> Array.filter (fun found -> Regex.IsMatch(found.Name, $"^{owner}(Module)?(`\\d)?$"))
        |> Array.exists (fun found -> found.GetMember(item, everyMember).Length > 0)
    | _ -> false

let private sameNames what (expected: Set<'a>) (found: Set<'a>) =
    Expect.isEmpty (Set.difference expected found) $"{what}: missing"
    Expect.isEmpty (Set.difference found expected) $"{what}: more than the table says"

[<Tests>]
let tests =
    testList
        "Proof table"
        [
            test "at least 25 theorems, each with a name of its own" {
                let names = rows.Force() |> List.map _.Theorem
                Expect.isGreaterThanOrEqual names.Length 25 "rows"
                Expect.equal (List.distinct names) names "names"

                for name in names do
                    Expect.isTrue (Regex.IsMatch(name, @"^\w+$")) $"{name}: letters, digits and _"
            }

            test "the core's page has the chapters of the core, and theorems that are proved" {
                let page =
                    File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "MustNotCompile", "core.md"))

                let chapters =
                    [
                        for found in
                            Regex.Matches(
                                page,
                                @"^### \d+\. (.*?)$(.*?)(?=^##)",
                                RegexOptions.Multiline ||| RegexOptions.Singleline
                            ) -> found.Groups[1].Value.Trim(), found.Groups[2].Value
                    ]

                let folders =
                    [
                        for file in
                            Regex.Matches(
                                File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Core", "LoRi.Math.fsproj")),
                                "Include=\"(\\w+)/"
                            ) -> file.Groups[1].Value
                    ]
                    |> List.distinct
                    |> List.filter ((<>) "Fluent")

                let plain (name: string) =
                    name.Replace("The ", "").Replace(" ", "").ToLowerInvariant()

                Expect.equal [ for name, _ in chapters -> plain name ] [ for name in folders -> plain name ] "chapters"

                for chapter, text in chapters do
                    let named =
                        [
                            for found in Regex.Matches(text, @"`([a-z]\w*_\w+)`") -> found.Groups[1].Value
                        ]

                    Expect.isNonEmpty named $"theorems of {chapter}"

                    for theorem in named do
                        Expect.exists (rows.Force()) (fun row -> row.Theorem = theorem) $"{chapter}: {theorem}"
            }

            test "the theorems of the table are those of the proofs" {
                let listed = Set.ofList [ for row in rows.Force() -> row.File, row.Theorem ]
                sameNames "theorems" listed (proved.Force())
            }

            test "every theorem has two lines of prose directly above it, at least" {
                for row in rows.Force() do
                    let lines = File.ReadAllLines(Path.Combine(folder, row.File))
                    Expect.isGreaterThanOrEqual (proseAbove row.Theorem lines) 2 $"{row.File}: {row.Theorem}"
            }

            test "prose that is missing is noticed" {
                let lines =
                    [|
                        "(** A definition. *)"
                        "Definition x := 1."
                        "Theorem bare : x = 1."
                        "Qed."
                        "(** One line. *)"
                        "Theorem short : x = 1."
                        "Qed."
                        "(** Two"
                        "    lines. *)"
                        "Theorem said : x = 1."
                    |]

                Expect.equal (proseAbove "bare" lines) 0 "a definition's prose is not a theorem's"
                Expect.equal (proseAbove "short" lines) 1 "one line"
                Expect.equal (proseAbove "said" lines) 2 "two lines"
            }

            test "every theorem has a property of its name on every backend, and every property its theorem" {
                let listed = Set.ofList [ for row in rows.Force() -> row.File, row.Theorem ]
                let found = properties ()

                for backend, own in List.groupBy (fun (_, backend, _) -> backend) found do
                    sameNames backend listed (Set.ofList [ for file, _, name in own -> file, name ])

                let backends = found |> List.map (fun (_, backend, _) -> backend) |> List.distinct
                Expect.containsAll backends [ "reference"; "torch cpu" ] "backends"
            }

            test "every function of the table is one of the core's" {
                for row in rows.Force() do
                    Expect.isNonEmpty row.Functions $"{row.Theorem}: a function"

                    for name in row.Functions do
                        Expect.isTrue (exists name) $"{row.Theorem}: {name}"
            }

            test "a function that is not there is noticed" {
                Expect.isTrue (exists "Tensor3.fold1") "a function of a module"
                Expect.isTrue (exists "CorpusStatistics.Merge") "a member of a type"
                Expect.isFalse (exists "Tensor3.fold4") "no such function"
                Expect.isFalse (exists "Tensor4.fold1") "no such module"
            }
        ]
