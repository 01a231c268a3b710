/// Builds JSON. A value may be null, which is JSON's null.
module LoRi.Cli.Json

open System.Text.Json.Nodes

/// Any JSON value.
type Value = JsonNode | null

/// A text.
let text (value: string) : Value = JsonValue.Create value

/// A whole number.
let whole (value: int) : Value = JsonValue.Create value

/// A whole number that may be large.
let count (value: int64) : Value = JsonValue.Create value

/// The size of a dimension.
let size (value: uint64) : Value = JsonValue.Create value

/// A number, written so that it reads back the same.
let number (value: float) : Value = JsonValue.Create value

/// True or false.
let flag (value: bool) : Value = JsonValue.Create value

/// A list.
let list (values: Value seq) : Value = JsonArray(Array.ofSeq values)

/// A list of numbers.
let numbers (values: float seq) : Value = list (Seq.map number values)

/// The same value, free to be put elsewhere.
let copy (value: JsonNode) : Value = value.DeepClone()

/// An object, its keys in this order.
let object (fields: (string * Value) list) : Value =
    let result = JsonObject()

    for key, value in fields do
        result[key] <- value

    result :> Value
