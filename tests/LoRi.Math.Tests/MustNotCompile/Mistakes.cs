using LoRi.Math;
using LoRi.Math.Fluent;

/// <summary>Each method makes one mistake that the types must catch; the comment after it names the compiler's error.</summary>
static class Mistakes
{
    static RationaleTerms TeacherForStudent(
        BoundObjective objective, Coordinates<TeacherToken> teacher, int[] counts, RawTrajectory<TeacherToken> student) =>
        Objectives.Rationale(objective, teacher, counts, student); // CS1503

    static Coordinates<TeacherToken> Projected(BoundSubspace subspace, RawTensor states) =>
        TypedTrajectories.Project(subspace, TypedTrajectories.Student(subspace, states)); // CS0029

    static Matrix<Level, Merged<TeacherToken, Hidden>> Unfolded(Tensor3<Level, TeacherToken, Hidden> x) => Tensor3.unfold3(x); // CS0029

    static Matrix<Level, Truncated<Level>> SwappedFactors(FittedSubspace subspace) => subspace.HiddenBasis; // CS0029

    static BoundObjective FittedForMeasured(FittedSubspace subspace, ObjectiveOptions options, RawTensor like) =>
        Objectives.Bind(subspace, options, like); // CS1503

    static Dim<Level> Size() => new Dim<Level>(3); // CS1729
}
