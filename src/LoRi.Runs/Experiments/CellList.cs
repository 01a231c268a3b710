using System.Text.Json.Nodes;
using LoRi.Runs.Settings;
using LoRi.Runs.Tasks;

namespace LoRi.Runs.Experiments;

/// <summary>The cells of a matrix: every teacher before its students, blocks in their order, each cell once.</summary>
internal sealed class CellList
{
    private readonly Matrix matrix;
    private readonly CellSettings settings;
    private readonly Calibration calibration;
    private readonly List<Cell> cells = [];
    private readonly Dictionary<string, int> places = [];
    private readonly Dictionary<string, List<Cell>> byBlock = [];
    private readonly HashSet<CalibrationCase> missing = [];

    private CellList(Matrix matrix, Calibration calibration) =>
        (this.matrix, settings, this.calibration) = (matrix, new CellSettings(matrix), calibration);

    /// <summary>The cells, each as the first block calls it that has it.</summary>
    public IReadOnlyList<Cell> Cells => cells;

    /// <summary>The cells of all blocks as these call them, so that one may come more than once.</summary>
    public IEnumerable<Cell> Named => byBlock.Values.SelectMany(named => named);

    /// <summary>What must be measured before all cells of equal time are known.</summary>
    public IReadOnlyCollection<CalibrationCase> Missing => missing;

    /// <summary>The cells of a block as it calls them, those with them that an earlier block has as well.</summary>
    public IReadOnlyList<Cell> OfBlock(string block) => byBlock[block];

    /// <summary>Makes the list; cells of equal time whose pace is not known are left out.</summary>
    public static CellList Of(Matrix matrix, Calibration calibration)
    {
        var list = new CellList(matrix, calibration);
        foreach (var block in matrix.Blocks)
        {
            list.byBlock[block.Name] = [];
            foreach (var (task, model, seed) in from task in block.Tasks
                                                from model in block.Models
                                                from seed in block.Seeds
                                                select (task, model, seed))
            {
                list.Add(block, task, model, seed);
            }
        }

        return list;
    }

    private void Add(MatrixBlock block, string task, string model, long seed)
    {
        var names = block.Methods.Select(name => matrix.Methods[name].Teacher).DefaultIfEmpty(matrix.Teachers.Keys.First()).Distinct();
        var teachers = names.ToDictionary(name => name, name => Teacher(block, task, model, name, seed));
        foreach (var method in block.Methods.Select(name => matrix.Methods[name]))
        {
            foreach (var varied in Combinations([.. block.Vary.Where(one => settings.Has(method, one.Setting))]))
            {
                foreach (var budget in block.Budgets)
                {
                    Student(block, teachers[method.Teacher], method, varied, budget);
                }
            }
        }
    }

    private Cell Teacher(MatrixBlock block, string task, string model, string name, long seed)
    {
        var run = CellSettings.Teacher(matrix.Teachers[name], seed);
        return Added(new Cell
        {
            Block = block.Name,
            Task = task,
            Model = model,
            Method = Cell.Teacher,
            Budget = "",
            Seed = seed,
            Variant = name,
            TaskValues = matrix.Tasks[task],
            ModelValues = matrix.Models[model],
            Run = run,
            PacedAs = new(
                task, model, Cell.Teacher, CellSettings.Teacher(matrix.Teachers[name], seed: 0), matrix.Tasks[task], matrix.Models[model]),
            Settings = Deciding(task, model, run),
        }, block);
    }

    private void Student(
        MatrixBlock block, Cell teacher, MatrixMethod method, IReadOnlyList<(string Setting, JsonNode Value)> varied, StepBudget budget)
    {
        RunSettings At(MatrixMethod one, int steps, long seed) => settings.Student(
            one, block, [.. varied.Where(pair => settings.Has(one, pair.Setting))], steps, teacher.TaskValues.Get(TaskSettings.Rows), seed);
        CalibrationCase Case(MatrixMethod one) => new(
            teacher.Task, teacher.Model, one.Name, At(one, budget.Steps, 0), teacher.TaskValues, teacher.ModelValues);
        var paced = Case(method);
        var steps = budget.Of is { } of ? Equal(paced, Case(matrix.Methods[of]), budget.Steps) : budget.Steps;
        if (steps is null)
        {
            return;
        }

        var run = At(method, steps.Value, teacher.Seed);
        var deciding = Deciding(teacher.Task, teacher.Model, run);
        deciding["teacher_cell"] = teacher.Id;
        Added(new Cell
        {
            Block = block.Name,
            Task = teacher.Task,
            Model = teacher.Model,
            Method = method.Name,
            Budget = budget.ToString(),
            Seed = teacher.Seed,
            Variant = string.Join(',', varied.Select(pair => $"{pair.Setting}={pair.Value}")),
            TaskValues = teacher.TaskValues,
            ModelValues = teacher.ModelValues,
            Run = run,
            PacedAs = paced,
            TeacherCell = teacher,
            Settings = deciding,
            Probe = block.Probe.Count > 0 && CellProbe.Fits(run) ? block.Probe : [],
        }, block);
    }

    /// <summary>Steps in the time of another method's; null where one of the paces is not known.</summary>
    private int? Equal(CalibrationCase own, CalibrationCase other, int steps)
    {
        CalibrationCase[] unknown = [.. ((CalibrationCase[])[own, other]).Where(one => calibration.Find(one) is null)];
        if (unknown.Length > 0)
        {
            missing.UnionWith(unknown);
            return null;
        }

        return calibration.Find(own)!.StepsIn(calibration.Find(other)!.Seconds(steps));
    }

    private Cell Added(Cell cell, MatrixBlock block)
    {
        byBlock[block.Name].Add(cell);
        if (places.TryAdd(cell.Id, cells.Count))
        {
            cells.Add(cell);
        }
        else if (cell.Probe.Count > 0)
        {
            var known = cells[places[cell.Id]];
            cells[places[cell.Id]] = known with { Probe = [.. known.Probe.Union(cell.Probe)] };
        }

        return cell;
    }

    private JsonObject Deciding(string task, string model, RunSettings run) => new()
    {
        ["cell_version"] = Cell.Version,
        ["program"] = RunSettings.Version,
        ["task"] = TaskSettings.OfMatrix.ToJson(matrix.Tasks[task]),
        ["model"] = FreshModelSettings.OfMatrix.ToJson(matrix.Models[model]),
        ["command"] = run.Command,
        ["run"] = CellSettings.Deciding(run),
    };

    private static IEnumerable<IReadOnlyList<(string Setting, JsonNode Value)>> Combinations(
        IReadOnlyList<(string Setting, IReadOnlyList<JsonNode> Values)> vary) => vary.Count == 0
        ? [[]]
        : Combinations([.. vary.Skip(1)]).SelectMany(rest => vary[0].Values.Select(value =>
            (IReadOnlyList<(string, JsonNode)>)[(vary[0].Setting, value), .. rest]));
}
