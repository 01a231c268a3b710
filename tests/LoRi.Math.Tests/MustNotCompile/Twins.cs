using LoRi.Math;
using LoRi.Math.Fluent;

/// <summary>The correct twins of <c>Mistakes.cs</c>: this file must compile.</summary>
static class Twins
{
    static RationaleTerms TeacherForStudent(
        BoundObjective objective, Coordinates<TeacherToken> teacher, int[] counts, RawTrajectory<LatentStep> student) =>
        Objectives.Rationale(objective, teacher, counts, student);

    static Coordinates<TeacherToken> Projected(BoundSubspace subspace, RawTensor states) =>
        TypedTrajectories.Project(subspace, TypedTrajectories.Teacher(subspace, states));

    static Matrix<Level, Merged<TeacherToken, Hidden>> Unfolded(Tensor3<Level, TeacherToken, Hidden> x) => Tensor3.unfold1(x);

    static Matrix<Level, Truncated<Level>> SwappedFactors(FittedSubspace subspace) => subspace.LayerBasis;

    static BoundObjective FittedForMeasured(MeasuredSubspace subspace, ObjectiveOptions options, RawTensor like) =>
        Objectives.Bind(subspace, options, like);

    static Dim<Level> Size() => Tensors.Dim<Level>(3);
}
