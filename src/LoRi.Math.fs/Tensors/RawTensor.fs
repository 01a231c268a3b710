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
    /// <summary>Elementwise sum; both shapes broadcast.</summary>
    /// <param name="other">The right summand, of a shape that broadcasts with this one's.</param>
    abstract Add: other: RawTensor -> RawTensor
    /// <summary>Elementwise difference; both shapes broadcast.</summary>
    /// <param name="other">What is taken away, of a shape that broadcasts with this one's.</param>
    abstract Subtract: other: RawTensor -> RawTensor
    /// <summary>Elementwise product; both shapes broadcast.</summary>
    /// <param name="other">The right factor, of a shape that broadcasts with this one's.</param>
    abstract Multiply: other: RawTensor -> RawTensor
    /// <summary>Elementwise quotient; both shapes broadcast.</summary>
    /// <param name="other">The divisor, of a shape that broadcasts with this one's.</param>
    abstract Divide: other: RawTensor -> RawTensor
    /// <summary>Every element times one number.</summary>
    /// <param name="factor">What every element is multiplied by.</param>
    abstract Scale: factor: float -> RawTensor
    /// Elementwise square root.
    abstract Sqrt: unit -> RawTensor
    /// Elementwise: what is above zero, and zero in place of what is below; NaN stays. Its derivative at zero is zero.
    abstract PositivePart: unit -> RawTensor
    /// Elementwise smooth-L1 with beta 1: x^2 / 2 inside [-1, 1], |x| - 1/2 outside.
    abstract SmoothL1: unit -> RawTensor
    /// <summary>Matrix product of the last two axes; leading axes broadcast.</summary>
    /// <param name="other">The right factor, <c>.. k n</c>, where this tensor is <c>.. m k</c>.</param>
    /// <returns><c>.. m n</c>.</returns>
    abstract MatMul: other: RawTensor -> RawTensor
    /// <summary>The two axes exchanged.</summary>
    /// <param name="axis">One of the two, counted from the end: -1 is the last.</param>
    /// <param name="other">The other, counted likewise.</param>
    abstract SwapAxes: axis: int * other: int -> RawTensor
    /// <summary>The same elements in row-major order under another shape.</summary>
    /// <param name="shape">Sizes of the axes, slowest first, with the product of the sizes found; -1 in no place.</param>
    abstract Reshape: shape: int[] -> RawTensor
    /// <summary>Sum over the last <c>count</c> axes, which disappear.</summary>
    /// <param name="count">How many axes are summed over, 0 to all.</param>
    abstract SumTrailing: count: int -> RawTensor
    /// <summary>Consecutive indices of one axis.</summary>
    /// <param name="axis">The axis that is cut, counted from the end: -1 is the last.</param>
    /// <param name="start">The first index that is kept, from 0.</param>
    /// <param name="length">How many indices are kept; <c>start + length</c> is at most the axis's size.</param>
    abstract Slice: axis: int * start: int * length: int -> RawTensor
    /// <summary>A constant of this tensor's backend, device and dtype, to which the values are rounded.</summary>
    /// <param name="shape">Sizes of the axes, slowest first.</param>
    /// <param name="values">Row-major, as many as the shape asks for.</param>
    abstract Constant: shape: int[] * values: float[] -> RawTensor
    /// The values in row-major order, as float64 whatever the dtype.
    abstract ToArray: unit -> float[]
    /// <summary>Runs work of which no tensor is needed any more when it ends: a backend that holds memory by hand frees it
    /// then.</summary>
    /// <param name="work">Run once, at once. What it gives must hold no tensor that it made.</param>
    abstract Scoped<'result> : work: System.Func<'result> -> 'result
    default _.Scoped work = work.Invoke()

/// Spectral operations of one matrix, which no gradient ever flows through. They compute in float64; what they give as a tensor
/// has the dtype of what they were given.
type ISpectral =
    /// <summary>Eigenvalues and eigenvectors of a symmetric matrix.</summary>
    /// <param name="matrix">Symmetric, <c>n n</c>, without leading axes.</param>
    /// <returns>Eigenvalues in descending order (length n) and, as columns, orthonormal eigenvectors (<c>n n</c>).</returns>
    abstract SymmetricEigen: matrix: RawTensor -> struct (float[] * RawTensor)

    /// <summary>Thin singular value decomposition with k = min m n.</summary>
    /// <param name="matrix"><c>m n</c>, without leading axes.</param>
    /// <returns>Left vectors (<c>m k</c>), singular values in descending order (length k), right vectors as rows (<c>k n</c>). Signs are
    /// the backend's own.</returns>
    abstract ThinSvd: matrix: RawTensor -> struct (RawTensor * float[] * RawTensor)
