"""Files: point clouds, masses and costs in, plans out.

=========================  =========================================================================
`.npy`                     an (n, d) array
`.npz`                     its only array; `FILE.npz:NAME` picks one of several
`.csv` `.txt`              a point per line, numbers separated by commas or whitespace; an optional
                           header line, `#` comments
`.xyz`                     `x y z` per line, further columns (colours, normals) left out; or, if the
                           first line is a lone count, the chemists' format: count, comment, then
                           `element x y z` per line
`.ply` `.obj` `.off`       through trimesh, `pip install "monge[io]"`: a surface is sampled evenly
`.stl`                     by area; a file without faces gives its points
=========================  =========================================================================
"""

from __future__ import annotations

import os
import re
import reprlib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monge.atomic_write import replace_file
from monge.extras import MissingExtra, require
from monge.problem import Array, as_array
from monge.solution import Solution

AnyPath: TypeAlias = "str | os.PathLike[str]"
Floats: TypeAlias = NDArray[np.float64]

MESH_SUFFIXES = (".ply", ".obj", ".off", ".stl")
MASS_SUFFIXES = (".npy", ".npz", ".csv", ".txt")
CLOUD_SUFFIXES = (*MASS_SUFFIXES, ".xyz", *MESH_SUFFIXES)
PLAN_SUFFIXES = (".npz", ".csv")
SAMPLES = 2048


class UnreadableFile(ValueError):
    """A file cannot be read as points or masses; the message says which file and why."""


def read_cloud(path: AnyPath, *, samples: int = SAMPLES, seed: int = 0) -> Array:
    """The points of a file.

    Parameters
    ----------
    path : str or path
        One of the formats that the module lists, by its suffix. `FILE.npz:NAME` picks an array.
    samples, seed : int
        How many points to draw from a surface, and the seed of the draw; points that a file lists
        are taken as they are.

    Returns
    -------
    (n, d) array
        Finite; float32 stays, every other type becomes float64. The same file, `samples` and `seed`
        give the same points.

    Raises
    ------
    UnreadableFile
        Missing, damaged, empty, ragged, not numeric, not finite, not 2-D, or of an unknown format.
        Pickled objects are refused, never loaded.
    MissingExtra
        The format needs trimesh, which is not installed.
    """
    if samples < 1 or seed < 0:
        raise ValueError(f"samples must be at least 1 and seed at least 0; got {samples}, {seed}")
    file, name = _split_name(path)
    suffix = file.suffix.lower()

    def read(stream: IO[bytes]) -> Array:
        if suffix in MESH_SUFFIXES:
            return _shape_points(stream.read(), suffix, samples, seed)
        return _of_shape(_array(stream, suffix, name), "clouds", "(n, d)")

    return _read(file, "points", CLOUD_SUFFIXES, read)


def read_masses(path: AnyPath) -> Floats:
    """The masses of a file: `.npy`, `.npz` (or `FILE.npz:NAME`), `.csv` or `.txt`.

    Returns
    -------
    (n,) array
        From an array (n,), (n, 1) or (1, n): one number per line, or all on one line.

    Raises
    ------
    UnreadableFile
        As `read_cloud` does.
    """
    file, name = _split_name(path)

    def read(stream: IO[bytes]) -> Array:
        masses = _array(stream, file.suffix.lower(), name)
        if masses.ndim not in (1, 2) or masses.size != max(masses.shape):
            raise ValueError(f"masses have shape (n,); this array has shape {masses.shape}")
        return masses.ravel()

    return _read(file, "masses", MASS_SUFFIXES, read).astype(np.float64)


def read_costs(path: AnyPath) -> Array:
    """The cost matrix of a file, of the formats of masses.

    Returns
    -------
    (n, m) array
        Without NaN or -inf; +inf forbids a pair.

    Raises
    ------
    UnreadableFile
        As `read_cloud` does.
    """
    return _read_shaped(path, "costs", "(n, m)", MASS_SUFFIXES, lambda array: array > -np.inf)


def read_clouds(path: AnyPath) -> Array:
    """The point clouds of a file: an array (k, n, d) of a `.npy` or `.npz` (or `FILE.npz:NAME`).

    Raises
    ------
    UnreadableFile
        As `read_cloud` does.
    """
    return _read_shaped(path, "clouds", "(k, n, d)", (".npy", ".npz"), np.isfinite)


def _read_shaped(
    path: AnyPath,
    what: str,
    shape: str,
    suffixes: Sequence[str],
    valid: Callable[[Array], NDArray[np.bool_]],
) -> Array:
    file, name = _split_name(path)

    def read(stream: IO[bytes]) -> Array:
        return _of_shape(_array(stream, file.suffix.lower(), name), what, shape)

    return _read(file, what, suffixes, read, valid)


def _of_shape(array: Array, what: str, shape: str) -> Array:
    if array.ndim != shape.count(",") + 1:
        raise ValueError(f"{what} have shape {shape}; this array has shape {array.shape}")
    return array


def save_plan(path: AnyPath, solution: Solution) -> None:
    """Write a plan: mass[k] moves from x[rows[k]] to y[cols[k]].

    Parameters
    ----------
    path : str or path
        `.npz`: arrays `rows`, `cols` (int32), `mass` (float64) and `shape`, (n, m). `.csv`: a
        header `row,col,mass` and a line per triplet, indices from 0, every mass to its last bit.
        An existing file is replaced only once the new one is complete.
    solution : Solution

    Raises
    ------
    ValueError, OSError
        For another suffix; if the file cannot be written.
    """
    target = checked_output(path, PLAN_SUFFIXES)
    plan = solution.plan

    def write_npz(stream: IO[bytes]) -> None:
        np.savez(stream, rows=plan.rows, cols=plan.cols, mass=plan.mass, shape=np.array(plan.shape))

    def write_csv(stream: IO[bytes]) -> None:
        triplets = zip(plan.rows.tolist(), plan.cols.tolist(), plan.mass.tolist(), strict=True)
        lines = ["row,col,mass", *(f"{row},{col},{mass!r}" for row, col, mass in triplets)]
        stream.write(("\n".join(lines) + "\n").encode())

    replace_file(target, write_npz if target.suffix.lower() == ".npz" else write_csv)


def checked_output(path: AnyPath, suffixes: Sequence[str]) -> Path:
    """`path`, if a file of one of these formats can be written there: asked before long work."""
    target = Path(path)
    if target.suffix.lower() not in suffixes:
        raise ValueError(f"{target}: the name must end in {' or '.join(suffixes)}")
    if target.is_dir():
        raise IsADirectoryError(f"{target}: is a directory")
    folder = target.resolve().parent
    if not folder.is_dir():
        raise FileNotFoundError(f"{target}: no folder {folder}")
    if not all(os.access(place, os.W_OK) for place in (folder, target) if place.exists()):
        raise PermissionError(f"{target}: cannot be written")
    return target


def _split_name(path: AnyPath) -> tuple[Path, str | None]:
    match = re.fullmatch(r"(.+?\.npz):(.+)", os.fspath(path), re.IGNORECASE)
    return (Path(match[1]), match[2]) if match else (Path(path), None)


def _read(
    file: Path,
    what: str,
    suffixes: Sequence[str],
    read: Callable[[IO[bytes]], Array],
    valid: Callable[[Array], NDArray[np.bool_]] = np.isfinite,
) -> Array:
    """What `read` finds in the file, if it is not empty and all valid."""
    try:
        with file.open("rb") as stream:
            if file.suffix.lower() not in suffixes:
                raise ValueError(f"{what} are read from {' '.join(suffixes)} files")
            array = read(stream)
        if array.size == 0:
            raise ValueError(f"it holds no {what}")
        return _valid(array, what, valid)
    except MissingExtra as error:
        raise MissingExtra(f"{file}: {error}") from error
    except OSError as error:
        raise UnreadableFile(f"{file}: {error.strerror or error}") from error
    except (ValueError, TypeError) as error:
        raise UnreadableFile(f"{file}: {' '.join(str(error).split())}") from error


def _valid(array: Array, what: str, valid: Callable[[Array], NDArray[np.bool_]]) -> Array:
    bad = np.argwhere(~valid(array))
    if len(bad):
        place = ", ".join(str(index) for index in bad[0])
        rule = "be finite" if valid is np.isfinite else "be numbers or +inf"
        raise ValueError(f"{what} must {rule}; got {array[tuple(bad[0])]} at [{place}]")
    return array


def _array(stream: IO[bytes], suffix: str, name: str | None) -> Array:
    if suffix == ".npy":
        with _decoding("numpy"):
            values = np.lib.format.read_array(stream, allow_pickle=False)
    elif suffix == ".npz":
        values = _member(stream, name)
    elif suffix == ".xyz":
        values = _xyz(_lines(stream))
    else:
        values = _table(_lines(stream))
    return as_array(values, "the array")


def _member(stream: IO[bytes], name: str | None) -> Any:
    if not zipfile.is_zipfile(stream):
        raise ValueError("it is no .npz archive, or only a part of one")
    stream.seek(0)
    with _decoding("numpy"):
        arrays = np.load(stream, allow_pickle=False)
    with arrays:
        held = ", ".join(arrays.files)
        if name is None and len(arrays.files) != 1:
            raise ValueError(
                f"it holds {len(arrays.files)} arrays ({held}): FILE.npz:NAME picks one"
            )
        if name is not None and name not in arrays.files:
            raise ValueError(f"it holds no array {name!r}, but {held}")
        with _decoding("numpy"):
            return arrays[name or arrays.files[0]]


def _lines(stream: IO[bytes]) -> list[str]:
    try:
        return stream.read().decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError("it is no text file (UTF-8)") from None


def _fields(lines: Sequence[str]) -> list[tuple[int, list[str]]]:
    """(line number from 1, fields) of every line that has any before its comment."""
    found = []
    for number, line in enumerate(lines, start=1):
        content = line.partition("#")[0].strip()
        if content:
            split = content.split(",") if "," in content else content.split()
            found.append((number, [field.strip() for field in split]))
    return found


def _table(lines: Sequence[str]) -> Floats:
    rows = _fields(lines)
    if rows and not any(_is_number(field) for field in rows[0][1]):
        rows = rows[1:]  # the header
    return _numbers(rows)


def _xyz(lines: Sequence[str]) -> Floats:
    if lines and lines[0].strip().isdecimal():
        count = int(lines[0])
        atoms = _fields(["", "", *lines[2:]])
        if len(atoms) != count:
            raise ValueError(f"line 1 announces {count} atoms; {len(atoms)} lines follow")
        points = [(number, fields[1:4]) for number, fields in atoms]
    else:
        points = [(number, fields[:3]) for number, fields in _fields(lines)]
    for number, fields in points:
        if len(fields) != 3:
            raise ValueError(f"line {number} has no three coordinates")
    return _numbers(points)


def _numbers(rows: Sequence[tuple[int, list[str]]]) -> Floats:
    if not rows:
        raise ValueError("it holds no numbers")
    first, width = rows[0][0], len(rows[0][1])
    for number, fields in rows:
        if len(fields) != width:
            raise ValueError(f"line {number} has {len(fields)} values, line {first} has {width}")
        for field in fields:
            if not _is_number(field):
                raise ValueError(f"line {number}: {reprlib.repr(field)} is not a number")
    return np.array([[float(field) for field in fields] for _, fields in rows])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _shape_points(data: bytes, suffix: str, samples: int, seed: int) -> Floats:
    """The points of a shape without faces; else samples of its surface, whatever its parts."""
    trimesh = require("trimesh", "io")
    _check_lines(data, suffix)
    with _decoding("trimesh"):
        loaded = trimesh.load(BytesIO(data), file_type=suffix[1:], process=False)
        vertices, faces = np.empty((0, 3)), np.empty((0, 3), dtype=np.int64)
        for part in getattr(loaded, "geometry", {"": loaded}).values():
            if hasattr(part, "faces"):
                faces = np.concatenate([faces, np.reshape(part.faces, (-1, 3)) + len(vertices)])
            vertices = np.concatenate([vertices, part.vertices])
    if len(faces) == 0:
        return vertices
    return _sample_surface(_valid(vertices, "vertices", np.isfinite), faces, samples, seed)


def _check_lines(data: bytes, suffix: str) -> None:
    """Raises for a text file that was cut off, of which trimesh would take what is there."""
    announced, body = 0, b""
    if suffix == ".ply":
        head, _, body = data.partition(b"end_header")
        if re.search(rb"^format\s+ascii", head, re.MULTILINE):
            counts = re.findall(rb"^element\s+\S+\s+(\d+)", head, re.MULTILINE)
            announced = sum(int(count) for count in counts)
    elif suffix == ".off":
        match = re.match(rb"(?:\s|#.*\n)*\w*OFF(?:\s|#.*\n)+(\d+)\s+(\d+).*", data)
        if match:
            announced, body = int(match[1]) + int(match[2]), data[match.end() :]
    held = sum(1 for line in body.splitlines() if line.partition(b"#")[0].strip())
    if held < announced:
        raise ValueError(f"its head announces {announced} lines, {held} follow: was it cut off?")


@contextmanager
def _decoding(library: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # on a damaged file, decoders raise anything
        raise ValueError(f"{library} cannot read it: {error!s:.200}") from error


def _sample_surface(vertices: Floats, faces: NDArray[np.int64], samples: int, seed: int) -> Floats:
    """Points drawn evenly by area from triangles."""
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise ValueError(f"a face names vertex {faces.max()}; there are {len(vertices)}, from 0")
    origin, first, second = np.moveaxis(vertices[faces], 1, 0)
    first, second = first - origin, second - origin
    with np.errstate(over="ignore", invalid="ignore"):
        area = np.linalg.norm(np.cross(first, second), axis=1)
    if not 0 < area.sum() < np.inf:
        raise ValueError(f"a surface must have a positive area; got {area.sum() / 2}")
    random = np.random.default_rng(seed)
    chosen = random.choice(len(faces), size=samples, p=area / area.sum())
    u, v = random.random((2, samples, 1))
    # Uniform on the parallelogram; its far half is folded onto the triangle.
    far = u + v > 1
    u, v = np.where(far, 1 - u, u), np.where(far, 1 - v, v)
    return np.asarray(origin[chosen] + u * first[chosen] + v * second[chosen])
