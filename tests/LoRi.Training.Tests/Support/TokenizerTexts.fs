/// Tokenizers from the text of a file.
module LoRi.Training.Tests.TokenizerTexts

open System.IO
open LoRi.Files.Tokenizers

/// The tokenizer of a `tokenizer.json` with these contents.
let load (contents: string) =
    let file = Path.GetTempFileName()

    try
        File.WriteAllText(file, contents)
        TokenizerFile.Load file
    finally
        File.Delete file
