/// What the machine can do, which measurements are held against: the work, and what does it once.
module LoRi.Bench.Ceilings

open TorchSharp

let private cube = 2048L

/// Operations of a 2048-cube product.
let operations = 2.0 * float (cube * cube * cube)

/// A 2048-cube product of a type.
let product (dtype: torch.ScalarType) =
    let a = torch.rand(cube, cube).``to`` dtype
    let b = torch.rand(cube, cube).``to`` dtype

    operations,
    fun () ->
        use product = a.matmul b
        ignore product

/// Reading 512 MB of memory, in bytes.
let reading () =
    let values = torch.ones (1L <<< 27)

    4.0 * float (values.numel ()),
    fun () ->
        use sum = values.sum ()
        ignore sum
