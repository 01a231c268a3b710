/// A Hub on the loopback interface: its listing, its files, a store on another port for the large ones, and whatever goes
/// wrong with such servers.
module LoRi.Training.Tests.HubServer

open System
open System.Collections.Concurrent
open System.Globalization
open System.IO
open System.Net
open System.Net.Sockets
open System.Security.Cryptography
open System.Text
open System.Text.Json
open System.Threading

/// What a client asked for. Names of headers are in lower case.
type Request =
    {
        Method: string
        Target: string
        Headers: Map<string, string>
    }

/// What it gets. A body that is cut ends after so many bytes, with the connection.
type Reply =
    {
        Status: int
        Headers: (string * string) list
        Body: byte[]
        CutAfter: int option
    }

let reply status headers body =
    {
        Status = status
        Headers = headers
        Body = body
        CutAfter = None
    }

let private readRequest (stream: Stream) =
    let reader = new StreamReader(stream, Encoding.Latin1)

    match reader.ReadLine() with
    | null -> None
    | first ->
        let rec headers found =
            match reader.ReadLine() with
            | null
            | "" -> found
            | line ->
                let name, value =
                    line.Substring(0, line.IndexOf ':'), line.Substring(line.IndexOf ':' + 1)

                headers (Map.add (name.ToLowerInvariant()) (value.Trim()) found)

        let parts = first.Split ' '

        Some
            {
                Method = parts[0]
                Target = parts[1]
                Headers = headers Map.empty
            }

let private writeReply (stream: Stream) (request: Request) (reply: Reply) =
    let head =
        [
            $"HTTP/1.1 {reply.Status} Status"
            "Connection: close"
            if not (List.exists (fun (name, _) -> name = "Content-Length") reply.Headers) then
                $"Content-Length: {reply.Body.Length}"
            for name, value in reply.Headers do
                $"{name}: {value}"
            ""
            ""
        ]

    stream.Write(Encoding.Latin1.GetBytes(String.concat "\r\n" head))

    if request.Method <> "HEAD" then
        stream.Write(reply.Body, 0, defaultArg reply.CutAfter reply.Body.Length)

/// A server that answers every request with what `answer` says, and remembers them.
type Server(answer: Request -> Reply) =
    let listener = new TcpListener(IPAddress.Loopback, 0)
    let requests = ConcurrentQueue<Request>()

    let serve (client: TcpClient) =
        use client = client
        use stream = client.GetStream()

        match readRequest stream with
        | None -> ()
        | Some request ->
            requests.Enqueue request
            writeReply stream request (answer request)

    let rec accept () =
        match
            (try
                Some(listener.AcceptTcpClient())
             with
             | :? SocketException
             | :? ObjectDisposedException -> None)
        with
        | None -> ()
        | Some client ->
            ThreadPool.QueueUserWorkItem(fun _ ->
                try
                    serve client
                with :? IOException ->
                    ())
            |> ignore

            accept ()

    do
        listener.Start()
        Thread(accept, IsBackground = true).Start()

    /// The address, with a slash at its end.
    member _.Url = $"http://127.0.0.1:{(listener.LocalEndpoint :?> IPEndPoint).Port}/"

    /// All requests so far.
    member _.Requests = List.ofSeq requests

    interface IDisposable with
        member _.Dispose() = listener.Dispose()

/// A file of the repository; large ones lie in the store.
type HubFile =
    {
        Name: string
        Content: byte[]
        Large: bool
    }

let small name (content: byte[]) =
    {
        Name = name
        Content = content
        Large = false
    }

let large name (content: byte[]) =
    {
        Name = name
        Content = content
        Large = true
    }

let private hex (bytes: byte[]) = Convert.ToHexStringLower bytes

/// The hash that a Hub lists for a file.
let hashOf (file: HubFile) =
    if file.Large then
        hex (SHA256.HashData file.Content)
    else
        hex (SHA1.HashData(Array.append (Encoding.ASCII.GetBytes $"blob {file.Content.Length}\000") file.Content))

let commit = "0123456789abcdef0123456789abcdef01234567"

/// The listing's entry of a file.
let entry (file: HubFile) =
    let fields =
        if file.Large then
            $""""blobId": "{String('1', 40)}", "lfs": {{"sha256": "{hashOf file}", "size": {file.Content.Length}, "pointerSize": 130}}"""
        else
            $""""blobId": "{hashOf file}" """

    $"""{{"rfilename": {JsonSerializer.Serialize file.Name}, "size": {file.Content.Length}, {fields}}}"""

/// The whole listing.
let listing (entries: string list) =
    let siblings = String.concat ", " entries
    $"""{{"id": "owner/tiny", "sha": "{commit}", "siblings": [{siblings}]}}"""

/// The part of a content that a request asks for.
let ranged (content: byte[]) (request: Request) =
    match Map.tryFind "range" request.Headers with
    | Some range ->
        let from =
            Int32.Parse(range.Replace("bytes=", "").TrimEnd('-'), CultureInfo.InvariantCulture)

        if from >= content.Length then
            reply 416 [] [||]
        else
            reply 206 [ "Content-Range", $"bytes {from}-{content.Length - 1}/{content.Length}" ] content[from..]
    | None -> reply 200 [] content

/// The Hub and its store. `intercept` may answer instead of either; it is told which of them was asked.
type Hub(files: HubFile list, intercept: string -> Request -> Reply option) =
    let inStore (request: Request) =
        match intercept "store" request with
        | Some other -> other
        | None ->
            files
            |> List.find (fun file -> request.Target = "/" + hashOf file)
            |> fun file -> ranged file.Content request

    let store = new Server(inStore)

    let file (request: Request) =
        let name =
            Uri.UnescapeDataString(request.Target.Split("/resolve/" + commit + "/")[1])

        let file = files |> List.find (fun file -> file.Name = name)
        let about = [ "X-Repo-Commit", commit ]

        if file.Large then
            reply
                302
                ([
                    "Location", store.Url + hashOf file
                    "X-Linked-Etag", $"\"{hashOf file}\""
                    "X-Linked-Size", string file.Content.Length
                 ]
                 @ about)
                [||]
        else
            let found = ranged file.Content request

            { found with
                Headers = found.Headers @ [ "ETag", $"\"{hashOf file}\"" ] @ about
            }

    let atHub (request: Request) =
        match intercept "hub" request with
        | Some other -> other
        | None when request.Target.StartsWith "/api/" ->
            reply 200 [ "Content-Type", "application/json" ] (Encoding.UTF8.GetBytes(listing (List.map entry files)))
        | None -> file request

    let hub = new Server(atHub)
    member _.Url = hub.Url
    member _.Requests = hub.Requests
    member _.StoreUrl = store.Url
    member _.StoreRequests = store.Requests

    interface IDisposable with
        member _.Dispose() =
            (hub :> IDisposable).Dispose()
            (store :> IDisposable).Dispose()
