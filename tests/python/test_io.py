"""Point clouds from files, whatever is wrong with them; plans into files."""

import io
import os
import sys
import warnings

import monge
import numpy as np
import pytest
from monge.cli import main
from monge.extras import MissingExtra
from monge.io import UnreadableFile, read_cloud, read_masses, save_plan

POINTS = np.array([[0.0, 1.5, -2.0], [1e-300, 3.0, 4.0]])
SQUARE_OFF = b"OFF\n4 1 0\n0 0 0\n2 0 0\n2 1 0\n0 1 0\n4 0 1 2 3\n"
PLY_HEAD = b"ply\nformat ascii 1.0\nelement vertex %d\nproperty float x\nproperty float y\n"
PLY_POINTS = PLY_HEAD % 2 + b"property float z\nend_header\n0 1.5 -2\n0.25 3 4\n"


def npy(array, **options):
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def npz(**arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.npy", npy(POINTS)),
        ("a.NPY", npy(np.asfortranarray(POINTS))),
        ("a.npy", npy(POINTS.astype(">f8"))),
        ("a.npz", npz(points=POINTS)),
        ("a.csv", b"0,1.5,-2\n1e-300,3,4"),
        ("a.csv", b"\xef\xbb\xbfx, y, z\r\n0, 1.5, -2\r\n1e-300, 3, 4\r\n"),
        ("a.txt", b"# two points\n\n0 1.5\t-2 # one\n 1e-300 3 4\n"),
        ("a.xyz", b"0 1.5 -2 255 0 0\n1e-300 3 4 0 255 0\n"),
        ("a.xyz", b"2\nwater, or so\nO 0 1.5 -2\nH 1e-300 3 4 0.1\n"),
        ("a.xyz", b"2\n\n8 0 1.5 -2\n1 1e-300 3 4\n\n"),
    ],
)
def test_formats(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    points = read_cloud(tmp_path / name)
    assert points.dtype == np.float64
    np.testing.assert_array_equal(points, POINTS)


def test_precision_and_names(tmp_path):
    np.save(tmp_path / "single.npy", POINTS.astype(np.float32))
    assert read_cloud(tmp_path / "single.npy").dtype == np.float32
    np.save(tmp_path / "whole.npy", np.array([[1, 2], [3, 4]]))
    assert read_cloud(tmp_path / "whole.npy").dtype == np.float64
    np.savez(tmp_path / "two.npz", p=POINTS, q=2 * POINTS)
    np.testing.assert_array_equal(read_cloud(f"{tmp_path}/two.npz:q"), 2 * POINTS)


def test_masses(tmp_path):
    for name, content in {
        "column.csv": b"mass\n0.25\n0.75\n",
        "row.txt": b"0.25 0.75",
        "a.npy": npy(np.array([0.25, 0.75])),
    }.items():
        (tmp_path / name).write_bytes(content)
        np.testing.assert_array_equal(read_masses(tmp_path / name), [0.25, 0.75])
    (tmp_path / "column.csv").write_bytes(b"1,2\n3,4\n")
    with pytest.raises(UnreadableFile, match=r"column\.csv: .*shape \(n,\).*\(2, 2\)"):
        read_masses(tmp_path / "column.csv")
    with pytest.raises(UnreadableFile, match=r"masses are read from \.npy \.npz \.csv \.txt"):
        (tmp_path / "a.xyz").write_bytes(b"0 0 0")
        read_masses(tmp_path / "a.xyz")


BAD = {
    "unknown.dat": (b"0 0 0", "points are read from .npy .npz"),
    "ragged.csv": (b"1,2\n3,4\n5\n", "line 3 has 1 values, line 1 has 2"),
    "text.csv": (b"1,2\n3,four\n", "line 2: 'four' is not a number"),
    "hole.csv": (b"1,2\n3,\n", "line 2: '' is not a number"),
    "comma.csv": (b"1,5 2,5\n", "line 1: '5 2' is not a number"),
    "empty.csv": (b"", "it holds no numbers"),
    "head.csv": (b"x,y\n", "it holds no numbers"),
    "nan.csv": (b"1,2\nnan,4\n", "points must be finite; got nan at [1, 0]"),
    "inf.txt": (b"1 2\n3 1e999\n", "points must be finite; got inf at [1, 1]"),
    "binary.txt": (b"\xff\xfe\x00", "no text file"),
    "short.xyz": (b"0 1 2\n0 1\n", "line 2 has no three coordinates"),
    "cut.xyz": (b"3\n\nH 0 0 0\nH 0 0 1\n", "announces 3 atoms; 2 lines follow"),
    "frames.xyz": (b"1\n\nH 0 0 0\n1\n\nH 0 0 1\n", "announces 1 atoms; 3 lines follow"),
    "nan.npy": (npy(np.array([[0, np.nan]])), "points must be finite; got nan at [0, 1]"),
    "line.npy": (npy(np.zeros(3)), "shape (n, d); this array has shape (3,)"),
    "batch.npy": (npy(np.zeros((2, 3, 4))), "shape (n, d); this array has shape (2, 3, 4)"),
    "none.npy": (npy(np.zeros((0, 3))), "it holds no points"),
    "flat.npy": (npy(np.zeros((3, 0))), "it holds no points"),
    "complex.npy": (npy(np.zeros((2, 2), complex)), "must hold real numbers; got dtype complex"),
    "words.npy": (npy(np.array([["a", "b"]])), "must hold real numbers; got dtype <U1"),
    "object.npy": (npy(np.array([[None]]), allow_pickle=True), "Object arrays cannot be loaded"),
    "cut.npy": (npy(np.zeros((9, 3)))[:-20], "numpy cannot read it"),
    "empty.npy": (b"", "numpy cannot read it: "),
    "garbage.npy": (b"garbage garbage", "numpy cannot read it: the magic string is not correct"),
    "two.npz": (npz(p=POINTS, q=POINTS), "it holds 2 arrays (p, q): FILE.npz:NAME picks one"),
    "two.npz:r": (npz(p=POINTS, q=POINTS), "it holds no array 'r', but p, q"),
    "cut.npz": (npz(p=POINTS)[:-40], "no .npz archive, or only a part"),
    "object.npz": (npz(p=np.array([[None]])), "Object arrays cannot be loaded"),
    "rotten.npz": (npz(p=POINTS).replace(POINTS.tobytes(), bytes(48)), "Bad CRC-32"),
}
BAD_SHAPES = {
    "garbage.ply": (b"garbage", "trimesh cannot read it: Not a ply file!"),
    "garbage.obj": (b"garbage", "it holds no points"),
    "garbage.stl": (b"garbage", "it holds no points"),
    "garbage.off": (b"garbage", "trimesh cannot read it"),
    "cut.ply": (PLY_POINTS.replace(b"vertex 2", b"vertex 9"), "announces 9 lines, 2 follow"),
    "cut.off": (SQUARE_OFF.replace(b"4 1 0", b"4 2 0"), "announces 6 lines, 5 follow"),
    "index.obj": (b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 9\n", "trimesh cannot read it"),
    "index.ply": (
        PLY_POINTS.replace(b"end_", b"element face 1\nproperty list uchar int vertex_indices\nend_")
        + b"3 0 1 7\n",
        "a face names vertex 7; there are 2",
    ),
    "nan.obj": (b"v 0 0 0\nv 1 nan 0\nv 0 1 0\nf 1 2 3\n", "must be finite; got nan at [1, 1]"),
    "flat.obj": (b"v 0 0 0\nv 1 0 0\nv 2 0 0\nf 1 2 3\n", "positive area; got 0.0"),
}


def check_refused(tmp_path, capfd, name, content, reason):
    path = tmp_path / name
    (tmp_path / name.partition(":")[0]).write_bytes(content)
    with pytest.raises(UnreadableFile) as refused:
        read_cloud(path)
    assert str(refused.value).startswith(f"{tmp_path / name.partition(':')[0]}: ")
    assert reason in str(refused.value)

    np.save(tmp_path / "good.npy", POINTS)
    for pair in ([path, tmp_path / "good.npy"], [tmp_path / "good.npy", path]):
        assert main(["emd", *map(str, pair)]) == 2
        out, err = capfd.readouterr()
        assert out == ""
        assert err == f"monge: error: {refused.value}\n"


@pytest.mark.parametrize("name", BAD)
def test_bad_file(tmp_path, capfd, name):
    check_refused(tmp_path, capfd, name, *BAD[name])


@pytest.mark.parametrize("name", BAD_SHAPES)
def test_bad_shape(tmp_path, capfd, name):
    pytest.importorskip("trimesh")
    check_refused(tmp_path, capfd, name, *BAD_SHAPES[name])


@pytest.mark.parametrize("suffix", ["npy", "npz", "csv", "xyz", "ply"])
def test_missing_file_and_folder(tmp_path, capsys, suffix):
    (tmp_path / f"folder.{suffix}").mkdir()
    for path, reason in (
        (tmp_path / f"absent.{suffix}", "No such file"),
        (tmp_path / f"folder.{suffix}", "directory" if os.name == "posix" else "denied"),
    ):
        with pytest.raises(UnreadableFile, match=reason) as refused:
            read_cloud(path)
        assert main(["emd", str(path), str(path)]) == 2
        assert capsys.readouterr().err == f"monge: error: {refused.value}\n"
        assert str(path) in str(refused.value)


def test_pickle_is_never_loaded(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "exploded"),)

    for name in ("bomb.npy", "bomb.npz"):
        bomb = np.array([[Bomb()]], dtype=object)
        (tmp_path / name).write_bytes(
            npy(bomb, allow_pickle=True) if name == "bomb.npy" else npz(bomb=bomb)
        )
        with pytest.raises(UnreadableFile):
            read_cloud(tmp_path / name)
    assert not (tmp_path / "exploded").exists()


def test_files_of_points_alone(tmp_path):
    pytest.importorskip("trimesh")
    (tmp_path / "a.ply").write_bytes(PLY_POINTS)
    (tmp_path / "a.obj").write_bytes(b"v 0 1.5 -2\nv 0.25 3 4\n")
    (tmp_path / "a.off").write_bytes(b"OFF\n2 0 0\n0 1.5 -2\n0.25 3 4\n")
    for name in ("a.ply", "a.obj", "a.off"):
        points = read_cloud(tmp_path / name, samples=7)
        np.testing.assert_array_equal(points, [[0, 1.5, -2], [0.25, 3, 4]])


def test_surface_is_sampled_evenly(tmp_path):
    pytest.importorskip("trimesh")
    (tmp_path / "square.off").write_bytes(SQUARE_OFF)  # [0, 2] x [0, 1] in the plane z = 0
    points = read_cloud(tmp_path / "square.off", samples=4000, seed=3)
    assert points.shape == (4000, 3)
    assert (points >= 0).all()
    assert (points <= [2, 1, 0]).all()
    cells = np.histogram2d(points[:, 0], points[:, 1], bins=4, range=[[0, 2], [0, 1]])[0]
    np.testing.assert_allclose(cells, 250, atol=5 * 250**0.5)  # five standard deviations


def test_surface_of_several_parts(tmp_path):
    pytest.importorskip("trimesh")
    corners = "v {0} 0 0\nv {0} 1 0\nv {0} 0 1\n"
    text = "mtllib none.mtl\n" + "".join(
        f"o part{k}\nusemtl m{k}\n{corners.format(k)}f {3 * k + 1} {3 * k + 2} {3 * k + 3}\n"
        for k in range(2)
    )
    (tmp_path / "parts.obj").write_text(text)
    sides = read_cloud(tmp_path / "parts.obj", samples=400)[:, 0]
    assert set(sides) == {0.0, 1.0}
    assert 100 < sides.sum() < 300


def test_same_seed_same_samples(tmp_path):
    pytest.importorskip("trimesh")
    (tmp_path / "square.off").write_bytes(SQUARE_OFF)
    first, again, other = (
        read_cloud(tmp_path / "square.off", samples=9, seed=s) for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first[:, :2] != other[:, :2]).all()
    with pytest.raises(ValueError, match="samples must be at least 1"):
        read_cloud(tmp_path / "square.off", samples=0)


def test_without_trimesh(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "trimesh", None)
    path = tmp_path / "square.off"
    path.write_bytes(SQUARE_OFF)
    with pytest.raises(MissingExtra, match=r"square\.off: .*trimesh.*pip install \"monge\[io\]\""):
        read_cloud(path)
    assert main(["emd", str(path), str(path)]) == 2
    assert 'pip install "monge[io]"' in capsys.readouterr().err


@pytest.fixture
def solution():
    random = np.random.default_rng(0)
    return monge.solve(random.random((20, 2)), random.random((20, 2)))


def test_plan_npz(tmp_path, solution):
    save_plan(tmp_path / "plan.npz", solution)
    with np.load(tmp_path / "plan.npz", allow_pickle=False) as saved:
        assert sorted(saved.files) == ["cols", "mass", "rows", "shape"]
        for name in ("rows", "cols", "mass"):
            np.testing.assert_array_equal(saved[name], getattr(solution.plan, name))
            assert saved[name].dtype == getattr(solution.plan, name).dtype
        assert tuple(saved["shape"]) == (20, 20)


def test_plan_csv_keeps_every_bit(tmp_path):
    random = np.random.default_rng(0)
    a = random.random(30)
    solution = monge.solve(random.random((30, 1)), random.random((7, 1)), a / a.sum())
    save_plan(tmp_path / "plan.csv", solution)
    lines = (tmp_path / "plan.csv").read_text().splitlines()
    assert lines[0] == "row,col,mass"
    triplets = [line.split(",") for line in lines[1:]]
    assert [int(row) for row, _, _ in triplets] == solution.plan.rows.tolist()
    assert [int(col) for _, col, _ in triplets] == solution.plan.cols.tolist()
    assert [float(mass) for _, _, mass in triplets] == solution.plan.mass.tolist()


def test_failed_save_keeps_the_old_file(tmp_path, solution, monkeypatch):
    target = tmp_path / "plan.npz"
    target.write_bytes(b"old")

    def full_disk(stream, **arrays):
        stream.write(b"half")
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", full_disk)
        with pytest.raises(OSError, match="no space left"):
            save_plan(target, solution)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]

    save_plan(target, solution)
    assert target.read_bytes() != b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_places_that_take_no_plan(tmp_path, solution):
    (tmp_path / "folder.npz").mkdir()
    for name, kind, reason in (
        ("plan.txt", ValueError, r"must end in \.npz or \.csv"),
        ("folder.npz", IsADirectoryError, "is a directory"),
        ("absent/plan.npz", FileNotFoundError, "no folder"),
    ):
        with pytest.raises(kind, match=reason):
            save_plan(tmp_path / name, solution)


def test_no_warnings_escape(tmp_path):
    pytest.importorskip("trimesh")
    (tmp_path / "huge.obj").write_bytes(b"v 0 0 0\nv 1e200 0 0\nv 0 1e200 0\nf 1 2 3\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UnreadableFile, match="positive area; got inf"):
            read_cloud(tmp_path / "huge.obj")
