namespace LoRi.Math

/// A dense array of numbers that one backend owns: the whole of what the core asks of a tensor library.
/// Operations act on the trailing axes; leading axes broadcast, as in NumPy. Nothing mutates and, apart from
/// `ToArray`, nothing reads values back, so a backend may differentiate whatever is built from these members.
/// Axes are counted from the end: -1 is the last. The typed layer above compares the trailing axes that an operation joins before
/// it calls; leading axes that do not broadcast are the backend's to refuse (the reference one raises an invariant exception).
/// All tensors of one operation have one dtype, which the backend chooses and no type shows: float64 in the reference backend,
/// whatever its tensor has in Torch. Numbers go in and come out as float64.
[<AbstractClass>]
type RawTensor() =
    /// Sizes, slowest axis first. A scalar has none.
    abstract Shape: int[]
    /// Elementwise sum; both shapes broadcast.
    abstract Add: other: RawTensor -> RawTensor
    /// Elementwise difference; both shapes broadcast.
    abstract Subtract: other: RawTensor -> RawTensor
    /// Elementwise product; both shapes broadcast.
    abstract Multiply: other: RawTensor -> RawTensor
    /// Elementwise quotient; both shapes broadcast.
    abstract Divide: other: RawTensor -> RawTensor
    /// Every element times one number.
    abstract Scale: factor: float -> RawTensor
    /// Elementwise square root.
    abstract Sqrt: unit -> RawTensor
    /// Elementwise: what is above zero, and zero in place of what is below; NaN stays. Its derivative at zero is zero.
    abstract PositivePart: unit -> RawTensor
    /// Elementwise smooth-L1 with beta 1: x^2 / 2 inside [-1, 1], |x| - 1/2 outside.
    abstract SmoothL1: unit -> RawTensor
    /// Matrix product of the last two axes, `.. m k` by `.. k n`; leading axes broadcast.
    abstract MatMul: other: RawTensor -> RawTensor
    /// The two axes exchanged.
    abstract SwapAxes: axis: int * other: int -> RawTensor
    /// The same elements in row-major order under another shape; -1 in no place.
    abstract Reshape: shape: int[] -> RawTensor
    /// Sum over the last `count` axes, which disappear.
    abstract SumTrailing: count: int -> RawTensor
    /// `length` consecutive indices of one axis.
    abstract Slice: axis: int * start: int * length: int -> RawTensor
    /// A constant of this tensor's backend, device and dtype (to which the values are rounded), from row-major values.
    abstract Constant: shape: int[] * values: float[] -> RawTensor
    /// The values in row-major order, as float64 whatever the dtype.
    abstract ToArray: unit -> float[]
    /// Runs work of which no tensor is needed any more when it ends: a backend that holds memory by hand frees it then.
    abstract Scoped<'result> : work: System.Func<'result> -> 'result
    default _.Scoped work = work.Invoke()

/// Spectral operations of one matrix, which no gradient ever flows through. They compute in float64; what they give as a tensor
/// has the dtype of what they were given.
type ISpectral =
    /// Eigenvalues in descending order (length n) and, as columns, orthonormal eigenvectors (`n n`) of a symmetric matrix.
    abstract SymmetricEigen: matrix: RawTensor -> struct (float[] * RawTensor)

    /// Thin singular value decomposition of an `m n` matrix with k = min m n: left vectors (`m k`), singular values in
    /// descending order (length k), right vectors as rows (`k n`). Signs are the backend's own.
    abstract ThinSvd: matrix: RawTensor -> struct (RawTensor * float[] * RawTensor)
