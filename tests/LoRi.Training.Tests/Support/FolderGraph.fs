/// Which folders of an assembly use which, told from its sources: every folder is a namespace.
module LoRi.Training.Tests.FolderGraph

open System.Text.RegularExpressions

/// A source file as far as the graph needs it.
type Source =
    {
        File: string
        Namespace: string
        Usings: string list
        /// The types that it declares.
        Types: Set<string>
        /// Every word outside comments and texts.
        Words: Set<string>
        Code: string
    }

/// One folder uses another, for example in this file.
type Edge =
    {
        From: string
        To: string
        Example: string
    }

let private matches (pattern: string) (text: string) =
    [
        for found in Regex.Matches(text, pattern, RegexOptions.Multiline) -> found.Groups[found.Groups.Count - 1].Value
    ]

let private comments = """//[^\n]*|/\*[\s\S]*?\*/"""
let private texts = "\"\"\"[\\s\\S]*?\"\"\"|\"(?:\\\\.|[^\"\\\\\\n])*\""

let private declaration =
    @"\b(?:class|record struct|record|struct|enum|interface)\s+(\w+)"

/// What a C# file says of itself.
let read (file: string) (text: string) : Source =
    let code = Regex.Replace(text, $"{texts}|{comments}", " ")

    {
        File = file
        Namespace = matches @"^namespace ([\w.]+)" code |> List.tryHead |> Option.defaultValue ""
        Usings = matches @"^using (?:static |\w+ = )?([\w.]+);" code
        Types = set (matches declaration code)
        Words = set (matches @"\w+" code)
        Code = code
    }

let private lastPart (name: string) =
    name.Substring(name.LastIndexOf '.' + 1)

/// What a file uses of another namespace: by a `using`, as the namespace around its own, or by a name with a dot.
let private uses (types: Map<string, Set<string>>) (source: Source) (other: string) =
    let typesOf name =
        Map.tryFind name types |> Option.defaultValue Set.empty

    let nearer = source.Namespace :: source.Usings |> List.map typesOf |> Set.unionMany

    let dotted () =
        matches $@"(?<!\w){Regex.Escape(lastPart other)}\.(\w+)" source.Code
        |> List.exists (typesOf other).Contains

    let around () =
        source.Namespace.StartsWith(other + ".")
        && not (Set.isEmpty (Set.intersect source.Words (typesOf other) - nearer))

    source.Namespace <> other && (List.contains other source.Usings || around () || dotted ())

/// All uses between the folders of one assembly.
let edges (sources: Source list) : Edge list =
    let types =
        sources
        |> List.groupBy _.Namespace
        |> List.map (fun (name, files) -> name, files |> List.map _.Types |> Set.unionMany)
        |> Map

    [
        for source in sources do
            for other in types.Keys do
                if uses types source other then
                    {
                        From = source.Namespace
                        To = other
                        Example = source.File
                    }
    ]
    |> List.distinctBy (fun edge -> edge.From, edge.To)

/// The edges that are part of a circle.
let circles (edges: Edge list) : Edge list =
    let rec reached seen name =
        if Set.contains name seen then
            seen
        else
            edges
            |> List.filter (fun edge -> edge.From = name)
            |> List.map _.To
            |> List.fold reached (Set.add name seen)

    edges |> List.filter (fun edge -> (reached Set.empty edge.To).Contains edge.From)
