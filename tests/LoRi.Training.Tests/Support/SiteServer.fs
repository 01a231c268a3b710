/// A folder of pages under an address, as a web server shows it: a browser loads no module from a file.
module LoRi.Training.Tests.SiteServer

open System
open System.IO
open System.Net
open System.Net.Sockets

let private types =
    dict
        [
            ".html", "text/html; charset=utf-8"
            ".css", "text/css"
            ".js", "text/javascript"
            ".json", "application/json"
            ".svg", "image/svg+xml"
            ".woff2", "font/woff2"
        ]

let private freePort () =
    use listener = new TcpListener(IPAddress.Loopback, 0)
    listener.Start()
    (listener.LocalEndpoint :?> IPEndPoint).Port

let private answer (root: string) (context: HttpListenerContext) =
    use response = context.Response

    let name =
        Uri.UnescapeDataString((nonNull context.Request.Url).AbsolutePath).TrimStart '/'

    let path = Path.GetFullPath(Path.Combine(root, name))

    let extension = string (Path.GetExtension path)

    if
        path.StartsWith(root + string Path.DirectorySeparatorChar, StringComparison.Ordinal)
        && File.Exists path
    then
        match types.TryGetValue extension with
        | true, kind -> response.ContentType <- kind
        | _ -> response.ContentType <- "application/octet-stream"

        let bytes = File.ReadAllBytes path
        response.OutputStream.Write(bytes, 0, bytes.Length)
    else
        response.StatusCode <- 404

/// Serves a folder while the work with its address goes on.
let serving (root: string) (work: string -> unit) =
    let address = $"http://127.0.0.1:{freePort ()}/"
    use listener = new HttpListener()
    listener.Prefixes.Add address
    listener.Start()

    let rec serve () =
        task {
            match! listener.GetContextAsync() |> Async.AwaitTask |> Async.Catch with
            | Choice1Of2 context ->
                answer (Path.GetFullPath root) context
                return! serve ()
            | Choice2Of2 _ -> ()
        }

    let served = serve ()
    work address
    listener.Stop()
    served.Wait()
