/// What the documentation of an assembly's public types owes: members that it has nothing of, and parameters that it says nothing of.
module LoRi.Cli.Tests.DocumentedApi

open System
open System.Collections.Generic
open System.IO
open System.Reflection
open System.Runtime.CompilerServices
open System.Xml.Linq
open Microsoft.FSharp.Reflection

/// A type as the identifiers of documentation write it.
let rec private typeName (owner: Type | null) (found: Type) : string =
    let inner (part: Type) = typeName owner part

    if found.IsByRef then
        inner (nonNull (found.GetElementType())) + "@"
    elif found.IsPointer then
        inner (nonNull (found.GetElementType())) + "*"
    elif found.IsArray then
        let bounds =
            if found.GetArrayRank() = 1 then
                ""
            else
                String.Join(",", Array.replicate (found.GetArrayRank()) "0:")

        inner (nonNull (found.GetElementType())) + $"[{bounds}]"
    elif found.IsGenericParameter then
        let ticks = if isNull found.DeclaringMethod then "`" else "``"
        $"{ticks}{found.GenericParameterPosition}"
    elif found.IsGenericType then
        let whole = nonNull ((found.GetGenericTypeDefinition()).FullName)
        let mutable rest = List.ofArray (found.GetGenericArguments())

        let part (name: string) =
            match name.Split '`' with
            | [| name; count |] ->
                let taken, left = List.splitAt (int count) rest
                rest <- left
                let arguments = taken |> List.map inner |> String.concat ","
                $"{name}{{{arguments}}}"
            | _ -> name

        whole.Split '+' |> Array.map part |> String.concat "."
    else
        (nonNull found.FullName).Replace('+', '.')

let private ofType (found: Type) =
    (nonNull found.FullName).Replace('+', '.')

let private signature (parameters: ParameterInfo array) =
    if parameters.Length = 0 then
        ""
    else
        let types = parameters |> Array.map (fun p -> typeName null p.ParameterType)
        let inside = String.Join(",", types)
        $"({inside})"

let private ofMethod (found: MethodBase) =
    let owner = ofType (nonNull found.DeclaringType)
    let name = found.Name.Replace('.', '#')

    let generic =
        if found.IsGenericMethod then
            $"``{found.GetGenericArguments().Length}"
        else
            ""

    let result =
        match found with
        | :? MethodInfo as method when method.Name = "op_Implicit" || method.Name = "op_Explicit" ->
            "~" + typeName null method.ReturnType
        | _ -> ""

    $"M:{owner}.{name}{generic}{signature (found.GetParameters())}{result}"

let private named (entry: XElement) =
    (nonNull (entry.Attribute(XName.Get "name"))).Value

/// The entries of an assembly's documentation, by their identifiers.
let private entries (assembly: Assembly) =
    let path = nonNull (Path.ChangeExtension(assembly.Location, ".xml"))

    dict
        [
            for entry in XDocument.Load(path).Descendants(XName.Get "member") -> named entry, entry
        ]

let private isGenerated (found: MemberInfo) =
    not (isNull (found.GetCustomAttribute<CompilerGeneratedAttribute>()))

/// Constructors and methods that a type has because of what it is: a record's, a union's, an enumeration's, a delegate's.
let private isOfItsKind (found: Type) (method: MethodBase) =
    isGenerated method
    || found.IsEnum
    || typeof<Delegate>.IsAssignableFrom found
    || method.IsConstructor && FSharpType.IsRecord found
    || FSharpType.IsUnion found
       && not (isNull (method.GetCustomAttribute<CompilationMappingAttribute>()))

let private isWritten (element: XElement) =
    element.HasElements || not (String.IsNullOrWhiteSpace element.Value)

let private described (entry: XElement) =
    entry.Elements(XName.Get "param") |> Seq.filter isWritten |> Seq.map named |> Set.ofSeq

let private all =
    BindingFlags.Public
    ||| BindingFlags.NonPublic
    ||| BindingFlags.Instance
    ||| BindingFlags.Static
    ||| BindingFlags.DeclaredOnly

let private isSeen (found: MethodBase) =
    found.IsPublic || found.IsFamily || found.IsFamilyOrAssembly

/// The methods that a type adds itself; what it overrides is described where it was first declared.
let private methods (found: Type) =
    found.GetMethods all
    |> Array.filter (fun method ->
        isSeen method
        && not method.IsSpecialName
        && not (isOfItsKind found method)
        && method.GetBaseDefinition().DeclaringType = found
        && not (method.Name.Contains '<'))

/// The properties that a type adds itself: without those that every record of C# has, and every union, whose cases are asked for apart.
let private properties (found: Type) =
    found.GetProperties all
    |> Array.filter (fun property ->
        property.GetMethod
        |> Option.ofObj
        |> Option.exists (fun reader ->
            isSeen reader
            && reader.GetBaseDefinition().DeclaringType = found
            && property.Name <> "EqualityContract"
            && not (FSharpType.IsUnion found && isOfItsKind found reader)))

/// What a type has to describe: the identifier of each, with its parameters.
let private asked (isKnown: string -> bool) (found: Type) =
    let own = $"T:{ofType found}"

    [
        own, [||]

        for method in found.GetConstructors all do
            if isSeen method && not (isOfItsKind found method) then
                // A primary constructor's parameters are described beside the type.
                let id = ofMethod method
                (if isKnown id then id else own), method.GetParameters()

        for method in methods found do
            ofMethod method, method.GetParameters()

        for property in properties found do
            let parameters = property.GetIndexParameters()
            $"P:{ofType found}.{property.Name}{signature parameters}", parameters

        if FSharpType.IsUnion found then
            for case in FSharpType.GetUnionCases found do
                $"{own}.{case.Name}", [||]
    ]

let private lacking (entries: IDictionary<string, XElement>) (id: string, parameters: ParameterInfo array) =
    match entries.TryGetValue id with
    | true, entry when not (Seq.isEmpty (entry.Descendants(XName.Get "inheritdoc"))) -> []
    | true, entry ->
        [
            if not (Seq.exists isWritten (entry.Elements(XName.Get "summary"))) then
                $"{id}: nothing"

            for parameter in parameters do
                if not ((described entry).Contains(string parameter.Name)) then
                    $"{id}: {parameter.Name}"
        ]
    | _ -> [ $"{id}: nothing" ]

/// What a union's cases are compiled to.
let private isPartOfUnion (found: Type) =
    match found.DeclaringType with
    | null -> false
    | owner -> FSharpType.IsUnion owner

/// What lacks in an assembly's public types, one line a parameter or a member of which nothing is said.
let gaps (assembly: Assembly) =
    let entries = entries assembly

    assembly.GetExportedTypes()
    |> Array.filter (isPartOfUnion >> not)
    |> List.ofArray
    |> List.collect (asked entries.ContainsKey)
    |> List.collect (lacking entries)
