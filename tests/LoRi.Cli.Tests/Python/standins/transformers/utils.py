import os


def cached_file(name, file, _raise_exceptions_for_missing_entries=True, **place):
    path = os.path.join(name, file)
    if os.path.isfile(path):
        return path
    if _raise_exceptions_for_missing_entries:
        raise OSError(f"{name} has no {file}")
    return None
