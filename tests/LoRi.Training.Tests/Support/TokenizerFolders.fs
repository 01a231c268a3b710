/// Small tokenizers with an id for each byte, and the files that stand beside them in a folder.
module LoRi.Training.Tests.TokenizerFolders

open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open Expecto
open LoRi.Files.Tokenizers
open LoRi.Jinja
open LoRi.Training.Tests.SharedFiles

/// The tokens of every vocabulary here: an id for each byte, its value, and more from 256 on.
let own = [ "<own>"; "<s>"; "</s>"; "<|endoftext|>" ]

let idOf (token: string) = 256 + List.findIndex ((=) token) own
let size = 256 + own.Length

let vocabulary (tokens: string list) =
    [ for value in 0..255 -> ByteAlphabet.Write(byte value) ] @ tokens
    |> List.mapi (fun id token -> $"{JsonSerializer.Serialize token}: {id}")
    |> String.concat ", "

let tokenizerWith (tokens: string list) (prefix: string) (parts: string) =
    $$"""{ {{parts}}"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": {{prefix}} }, "decoder": {"type": "ByteLevel"},
"model": {"type": "BPE", "vocab": { {{vocabulary tokens}} }, "merges": []} }"""

let tokenizer = tokenizerWith own "false"

let listed (id: int) (content: string) (special: bool) =
    $$"""{"id": {{id}}, "content": "{{content}}", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": {{(string special).ToLowerInvariant()}} }"""

let added (tokens: string list) =
    tokens |> String.concat ", " |> sprintf "\"added_tokens\": [%s], "

let config = "tokenizer_config.json"
let map = "special_tokens_map.json"
let addedFile = "added_tokens.json"
let plain = "\"tokenizer_class\": \"PreTrainedTokenizerFast\""

let inFolder (files: (string * string) list) (run: string -> unit) =
    let folder = Directory.CreateTempSubdirectory("lori-folder-").FullName

    try
        for name, text in files do
            File.WriteAllText(Path.Combine(folder, name), text)

        run folder
    finally
        Directory.Delete(folder, true)

let withFiles (file: string) (files: (string * string) list) (run: TextTokenizer -> unit) =
    inFolder (("tokenizer.json", file) :: files) (TokenizerFile.Load >> run)

let refused (file: string) (files: (string * string) list) (words: string list) =
    inFolder (("tokenizer.json", file) :: files)
    <| fun folder ->
        let message = refusalOf (fun () -> TokenizerFile.Load folder |> ignore)

        for word in words do
            Expect.stringContains message word "the refusal"

let bytes (text: string) =
    [ for value in System.Text.Encoding.UTF8.GetBytes text -> int value ]

let rendered (tokenizer: TextTokenizer) (template: string) =
    ChatTemplate("t", template, tokenizer.SpecialTokens).Render(JsonArray(), false)
