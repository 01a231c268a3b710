using System.Reflection;
using System.Runtime.Loader;
using LoRi.Files;
using LoRi.Training.Methods;

namespace LoRi.Training.Plugins;

/// <summary>
/// Methods from an assembly of one's own: every public class in it that implements <see cref="IMethod"/> and can be made without arguments
/// becomes a method beside those of this program. The assembly is code that runs; it is trusted as the program itself is.
/// </summary>
public static class MethodPlugin
{
    /// <summary>Loads an assembly and adds its methods.</summary>
    /// <param name="path">The assembly file; what it needs beside this program lies beside it.</param>
    /// <param name="option">What named it, for messages.</param>
    /// <returns>The methods that the assembly has.</returns>
    /// <exception cref="InputException">There is no such file, it is no assembly for this program, or it has no method.</exception>
    public static IReadOnlyList<IMethod> Load(string path, string option)
    {
        ArgumentNullException.ThrowIfNull(path);
        var file = Path.GetFullPath(path);
        if (!File.Exists(file))
        {
            throw new InputException(
                $"{option} {path}: there is no such file; name the .dll that `dotnet build` made of your class library");
        }

        try
        {
            var assembly = new PluginContext(file).LoadFromAssemblyPath(file);
            var methods = assembly.GetExportedTypes().Where(IsMethod).Select(type => (IMethod)Activator.CreateInstance(type)!).ToArray();
            Array.ForEach(methods, KnownMethods.Add);
            return methods.Length > 0 ? methods : throw new InputException($"{option} {path}: has no public class that implements "
                + $"{typeof(IMethod).FullName} and has a constructor without parameters");
        }
        catch (BadImageFormatException e)
        {
            throw new InputException($"{option} {path}: is no .NET assembly; name the .dll that `dotnet build` made of your class library",
                e);
        }
        catch (Exception e) when (
            e is FileLoadException or FileNotFoundException or TypeLoadException or ReflectionTypeLoadException or MissingMemberException)
        {
            throw new InputException(
                $"{option} {path}: does not fit this version of lori ({Reason(e)}); build it against this version's LoRi.Training", e);
        }
        catch (TargetInvocationException e) when (e.InnerException is { } inner)
        {
            throw new InputException($"{option} {path}: a method of it cannot be made ({inner.Message}); mend its constructor", e);
        }
    }

    private static bool IsMethod(Type type) =>
        typeof(IMethod).IsAssignableFrom(type) && type is { IsAbstract: false, IsInterface: false }
            && type.GetConstructor(Type.EmptyTypes) is not null;

    private static string Reason(Exception e) =>
        e is ReflectionTypeLoadException { LoaderExceptions: [{ } first, ..] } ? first.Message : e.Message;

    /// <summary>What this program has loaded is shared, so that its types are the plug-in's; all else comes from beside the
    /// plug-in.</summary>
    private sealed class PluginContext(string file) : AssemblyLoadContext(Path.GetFileName(file))
    {
        private readonly AssemblyDependencyResolver beside = new(file);

        protected override Assembly? Load(AssemblyName assemblyName)
        {
            try
            {
                return Default.LoadFromAssemblyName(assemblyName);
            }
            catch (FileNotFoundException)
            {
                return beside.ResolveAssemblyToPath(assemblyName) is { } found ? LoadFromAssemblyPath(found) : null;
            }
        }
    }
}
