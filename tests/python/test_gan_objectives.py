"""Objectives: values by hand, gradients where they must be, recipes, and what a user adds."""

import math
from dataclasses import dataclass

import monge
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from monge.gan import Batch, Objective, Recipe, networks, objectives  # noqa: E402
from monge.gan.objectives import OBJECTIVES, cost_matrix, cost_pairs  # noqa: E402
from torch import nn  # noqa: E402


@pytest.fixture(autouse=True)
def fixed():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def number(value):
    """A tensor's value, whether it requires gradients or not."""
    return value.detach().item()


def batch(n=12, dim=2, seed=0, dtype=torch.float64, shift=1.0):
    dice = torch.Generator().manual_seed(seed)
    source, real = torch.randn(2, n, dim, generator=dice, dtype=dtype)
    return Batch(source, source + 0.1, real + shift, dice)


class Linear(nn.Module):
    """f(p) = w . p: slopes known everywhere."""

    def __init__(self, *slope):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(slope, dtype=torch.float64))

    def forward(self, points):
        return points @ self.w


class Translation(nn.Module):
    """The exact potentials of |x - y|^2 / 2 for y = x + v."""

    def __init__(self, *v):
        super().__init__()
        self.v = nn.Parameter(torch.tensor(v, dtype=torch.float64))

    def phi(self, points):
        return -(points @ self.v)

    def psi(self, points):
        return points @ self.v - self.v.square().sum() / 2

    def epsilon(self, points):
        return self.phi(points) + self.psi(points)


def critic_for(name, dim=2):
    if name in ("w2gan", "w2_ot", "barycentric_ot"):
        return networks.potentials(dim).double()
    if name == "minibatch_ot":
        return None
    return (networks.feature_critic(dim) if name == "sliced" else networks.mlp(dim)).double()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective(name):
    """Finite losses with gradients to those they are for, potentials per point, plain settings."""
    objective = objectives.make(name)
    critic = critic_for(name)
    given = batch()
    recipe = objective.recipe()
    n_critic, n_generator = objective.turns(0, recipe)
    assert n_critic + n_generator >= 1
    if n_critic and critic is not None:
        loss = objective.critic_loss(critic, given)
        loss.backward()
        assert torch.isfinite(loss)
        assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in critic.parameters())
        objective.after_critic_step(critic)
    if objective.turns(10**9, recipe)[1]:
        fake = given.fake.clone().requires_grad_()
        loss = objective.generator_loss(critic, Batch(given.source, fake, given.real, given.dice))
        loss.backward()
        assert torch.isfinite(loss)
        assert fake.grad.abs().sum() > 0
    phi, psi = objective.dual(critic, given)
    assert phi.shape == psi.shape == (12,)
    described = objective.describe()
    assert described["objective"] == type(objective).__name__
    import json

    assert json.loads(json.dumps(described))["recipe"]["batch"] == recipe.batch
    assert objective == objectives.make(name)
    parameters = [nn.Parameter(torch.zeros(1))]
    assert recipe.build(parameters, 0.5).param_groups[0]["lr"] == 0.5


def test_recipes_are_the_papers():
    recipes = {name: objectives.make(name).recipe() for name in OBJECTIVES}
    assert recipes["wgan"] == Recipe("rmsprop", 5e-5, 5e-5, n_critic=5, batch=64)
    assert objectives.WGAN().clip == 0.01
    assert (recipes["wgan_gp"].betas, recipes["wgan_gp"].critic_rate) == ((0.0, 0.9), 1e-4)
    assert objectives.WGANGP().weight == objectives.WGANLP().weight == 10
    assert objectives.W2GAN().weight == objectives.W2GAN().equality == 200
    images = objectives.W2GAN.for_images()
    assert (images.weight, images.equality, images.epsilon_weight) == (10, 10, 10)
    assert images.recipe().betas == (0.5, 0.999)
    assert recipes["vanilla"].n_critic == 1
    assert recipes["minibatch_ot"].n_critic == recipes["sliced"].n_critic == 0
    assert recipes["barycentric_ot"].critic_rate == 5e-3


def test_vanilla():
    given, critic = batch(), Linear(0.7, -0.2)
    fake, real = (critic(p).detach().numpy() for p in (given.fake, given.real))
    log_d, log_not = -np.log1p(np.exp(-real)), -np.log1p(np.exp(fake))
    objective = objectives.Vanilla()
    loss = objective.critic_loss(critic, given)
    assert number(loss) == pytest.approx(-(log_d.mean() + log_not.mean()))
    assert number(objectives.Vanilla(saturating=True).generator_loss(critic, given)) == (
        pytest.approx(log_not.mean())
    )
    assert number(objective.generator_loss(critic, given)) == (
        pytest.approx(np.log1p(np.exp(-fake)).mean())
    )
    # Where the critic is sure, the saturating gradient has gone and the other has not.
    sure = Linear(50.0, 50.0)
    far = given.fake - 5
    slopes = []
    for saturating in (True, False):
        leaf = far.clone().requires_grad_()
        one = Batch(far, leaf, given.real, given.dice)
        objectives.Vanilla(saturating).generator_loss(sure, one).backward()
        slopes.append(number(leaf.grad.norm()))
    assert slopes[0] < 1e-12
    assert slopes[1] > 1


def test_wgan_clips():
    objective = objectives.WGAN(clip=0.02)
    critic = networks.mlp(2).double()
    objective.after_critic_step(critic)
    largest = max(number(p.abs().max()) for p in critic.parameters())
    assert largest == 0.02
    given = batch()
    phi, psi = objective.dual(critic, given)
    assert number(objective.critic_loss(critic, given)) == pytest.approx(
        number(-(phi + psi).mean())
    )


@pytest.mark.parametrize("slope", [(0.6, 0.8), (3.0, 4.0), (0.3, 0.4), (0.0, 0.0)])
def test_gradient_penalties(slope):
    """f(p) = w . p has slope |w| everywhere."""
    given, critic = batch(), Linear(*slope)
    plain = number(critic(given.real).mean() - critic(given.fake).mean())
    length = math.hypot(*slope)
    two_sided = objectives.WGANGP(weight=7.0).critic_loss(critic, given)
    assert number(two_sided) == pytest.approx(plain + 7 * (length - 1) ** 2)
    one_sided = objectives.WGANLP(weight=7.0).critic_loss(critic, given)
    assert number(one_sided) == pytest.approx(plain + 7 * max(length - 1, 0) ** 2)
    two_sided.backward()
    assert torch.isfinite(critic.w.grad).all()


def test_c_transform():
    given, critic = batch(), Linear(0.5, -1.0)
    _, psi = objectives.CTransform().dual(critic, given)
    x, y = given.fake.numpy(), given.real.numpy()
    costs = np.linalg.norm(x[:, None] - y, axis=-1)
    values = critic(given.fake).detach().numpy()
    np.testing.assert_allclose(psi.detach(), (costs - values[:, None]).min(0))
    np.testing.assert_allclose(
        psi.detach(), monge.c_transform(values, y, x, cost="euclidean")[0], rtol=1e-12
    )
    # Smooth from above, and equal in the limit.
    for epsilon in (1.0, 1e-6):
        smooth = objectives.CTransform(epsilon=epsilon).dual(critic, given)[1]
        assert (smooth >= psi - 1e-9).all()
    np.testing.assert_allclose(smooth.detach(), psi.detach() + 1e-6 * math.log(12), atol=1e-7)
    squared = objectives.CTransform(cost="sqeuclidean").dual(critic, given)[1]
    np.testing.assert_allclose(squared.detach(), (costs**2 - values[:, None]).min(0))


def test_exact_potentials_have_no_penalty():
    """At the optimum the critic's loss is the negative cost and nothing pulls at it."""
    v = (1.5, -0.5)
    given = batch(40)
    exact = Batch(given.source, given.source, given.source + torch.tensor(v), given.dice)
    for pairs in ("diagonal", "all"):
        objective = objectives.W2GAN(pairs=pairs, epsilon_weight=1.0)
        loss = objective.critic_loss(Translation(*v), exact)
        # -phi(y) - psi(y) = ... eps(y) = -|v|^2 / 2 <= 0: no penalty either.
        assert number(loss) == pytest.approx(-(1.5**2 + 0.5**2) / 2)
    assert number(objective.generator_loss(Translation(*v), exact)) == pytest.approx(
        number(-(exact.fake @ torch.tensor(v, dtype=torch.float64)).mean())
    )


def test_w2gan_penalties_by_hand():
    given, critic = batch(), Translation(1.0, 2.0)
    with torch.no_grad():
        critic.v.mul_(1)
    x, y, v = given.fake, given.real, critic.v.detach()
    plain = number(-(critic.phi(x).mean() + critic.psi(y).mean()))
    over = critic.phi(x) + critic.psi(y) + 3 - (x - y).square().sum(1) / 2

    class Raised(Translation):
        """Potentials that claim 3 too much."""

        def psi(self, points):
            return super().psi(points) + 3

    raised = Raised(1.0, 2.0)
    base = objectives.W2GAN(weight=5.0, interpolated=False, equality=0.0)
    expected = plain - 3 + 5 * number(over.clamp(min=0).square().mean())
    assert number(base.critic_loss(raised, given)) == pytest.approx(expected)
    everywhere = (critic.phi(x)[:, None] + critic.psi(y) + 3) - torch.cdist(x, y).square() / 2
    expected = plain - 3 + 5 * number(everywhere.clamp(min=0).square().mean())
    loss = objectives.W2GAN(5.0, pairs="all", interpolated=False, equality=0.0).critic_loss
    assert number(loss(raised, given)) == pytest.approx(expected)
    # Equation (21): epsilon E exp(excess / epsilon).
    entropic = objectives.W2GAN(
        regulariser="entropic", epsilon=2.0, interpolated=False, equality=0.0
    )
    expected = plain - 3 + 2 * number((over / 2).exp().mean())
    assert number(entropic.critic_loss(raised, given)) == pytest.approx(expected)
    # (24) at x - grad phi(x) = x + v: the residual is 3 on both sides.
    equality = objectives.W2GAN(weight=0.0, interpolated=False, equality=4.0)
    assert number(equality.critic_loss(raised, given)) == pytest.approx(plain - 3 + 4 * 2 * 9)
    # (29): eps = phi + psi = 3 - |v|^2 / 2 = 0.5 everywhere.
    assert number(v.square().sum()) == 5
    regularised = objectives.W2GAN(weight=0.0, interpolated=False, equality=0.0, epsilon_weight=8.0)
    assert number(regularised.critic_loss(raised, given)) == pytest.approx(plain - 3 + 8 * 0.25)
    # Claims everywhere too much are punished between the batches as well.
    lone = base.critic_loss(raised, given)
    both = objectives.W2GAN(5.0, interpolated=True, equality=0.0).critic_loss(raised, given)
    assert number(both) > number(lone)


def test_reparameterised_potentials():
    critic = networks.potentials(2).double()
    points = torch.randn(6, 2, dtype=torch.float64)
    torch.testing.assert_close(critic.psi(points), critic.epsilon(points) - critic.phi(points))
    assert not hasattr(networks.potentials(2, reparameterised=False), "epsilon")


def test_w2_ot_and_barycentric_see_the_source():
    given = batch()
    moved = Batch(given.source, given.fake + 100, given.real, given.dice)
    for name in ("w2_ot", "barycentric_ot"):
        objective, critic = objectives.make(name), critic_for(name)
        for one in (given, moved):
            one.dice.manual_seed(3)
        first = number(objective.critic_loss(critic, given))
        moved.dice.manual_seed(3)
        assert number(objective.critic_loss(critic, moved)) == first
        assert torch.equal(objective.dual(critic, given)[0], objective.dual(critic, moved)[0])
    recipe = objectives.W2OT().recipe()
    assert objectives.W2OT().turns(7, recipe) == (1, 0)
    phases = objectives.BarycentricOT(potential_steps=3)
    turns = [phases.turns(step, phases.recipe()) for step in range(5)]
    assert turns == [(1, 0)] * 3 + [(0, 1)] * 2


@pytest.mark.parametrize("regulariser", ["l2", "entropic"])
def test_barycentric_losses_by_hand(regulariser):
    given, critic = batch(), Translation(1.0, 1.0)
    x, y, fake = given.source, given.real, given.fake
    over = (critic.phi(x)[:, None] + critic.psi(y) - torch.cdist(x, y) ** 2 / 2).detach() + 2
    critic.psi = lambda points: points @ critic.v - critic.v.square().sum() / 2 + 2
    objective = objectives.BarycentricOT(regulariser, epsilon=0.5)
    plain = number(-(critic.phi(x).mean() + critic.psi(y).mean()))
    if regulariser == "l2":
        penalty, density = over.clamp(min=0) ** 2 / 2, over.clamp(min=0)
    else:
        penalty, density = 0.5 * (over / 0.5).exp(), (over / 0.5).exp()
    assert number(objective.critic_loss(critic, given)) == (
        pytest.approx(plain + number(penalty.mean()))
    )
    expected = number((density * torch.cdist(fake, y) ** 2 / 2).mean())
    loss = objective.generator_loss(critic, given)
    assert number(loss) == pytest.approx(expected)


def test_sliced():
    given = batch(30)
    loss = objectives.Sliced(n_projections=500).generator_loss(None, given)
    exact = monge.sliced_wasserstein(
        given.fake.numpy(), given.real.numpy(), p=2, n_projections=20000
    )
    assert number(loss) == pytest.approx(exact**2, rel=0.1)
    critic = networks.feature_critic(2, (16, 8)).double()
    featured = objectives.Sliced(n_projections=50, features=True)
    assert featured.recipe().n_critic == 1
    assert critic.features(given.real).shape == (30, 8)
    assert number(featured.generator_loss(critic, given)) > 0
    assert number(featured.critic_loss(critic, given)) == pytest.approx(
        number(objectives.Vanilla().critic_loss(critic, given))
    )


def test_minibatch():
    given = batch(30)
    x, y = given.fake.numpy(), given.real.numpy()
    exact = objectives.MinibatchOT()
    assert number(exact.generator_loss(None, given)) == monge.emd(x, y, cost="sqeuclidean")
    phi, psi = exact.dual(None, given)
    assert number(phi.mean() + psi.mean()) == pytest.approx(monge.emd(x, y, cost="sqeuclidean"))
    divergence = objectives.MinibatchOT("sinkhorn_divergence", epsilon=0.3)
    expected = monge.sinkhorn_divergence(x, y, epsilon=0.3, cost="sqeuclidean")
    assert number(divergence.generator_loss(None, given)) == pytest.approx(expected, rel=1e-6)
    assert divergence.dual(None, given)[0].shape == (30,)


@pytest.mark.parametrize("cost", ["euclidean", "sqeuclidean", ("euclidean_power", 1.5)])
def test_costs_are_the_core_s(cost):
    x, y = torch.randn(2, 5, 3, dtype=torch.float64)
    pairs = cost_pairs(x, y, cost, 0.5)
    matrix = cost_matrix(x, y, cost, 0.5)
    for i in range(5):
        expected = 0.5 * monge.emd(x[i : i + 1].numpy(), y[i : i + 1].numpy(), cost=cost)
        assert number(pairs[i]) == pytest.approx(expected)
        assert number(matrix[i, i]) == pytest.approx(expected)
    same = x.clone().requires_grad_()
    (cost_pairs(same, x, cost, 1.0).sum() + cost_matrix(same, x, cost, 1.0).sum()).backward()
    assert torch.isfinite(same.grad).all()


def test_a_new_objective_is_ten_lines():
    @dataclass(frozen=True)
    class Mine(Objective):
        cost = "sqeuclidean"

        def critic_loss(self, critic, batch):
            phi, psi = self.dual(critic, batch)
            over = phi + psi - cost_pairs(batch.fake, batch.real, self.cost, 1.0)
            return -(phi + psi).mean() + 10 * over.clamp(min=0).square().mean()

        def generator_loss(self, critic, batch):
            return critic.phi(batch.fake).mean()

        def dual(self, critic, batch):
            return critic.phi(batch.fake), critic.psi(batch.real)

    critic = networks.potentials(2).double()
    assert torch.isfinite(Mine().critic_loss(critic, batch()))
    assert Mine().turns(0, Mine().recipe()) == (5, 1)


@pytest.mark.parametrize(
    ("name", "settings", "reason"),
    [
        ("wgan", {"clip": 0}, "clip must be positive; got 0"),
        ("wgan_gp", {"weight": -1}, "weight must be a finite number >= 0; got -1"),
        ("c_transform", {"cost": "cityblock"}, "power of the Euclidean distance; got 'cityblock'"),
        ("c_transform", {"epsilon": 0.0}, "epsilon must be positive"),
        ("w2gan", {"pairs": "some"}, "pairs must be one of"),
        ("w2gan", {"regulariser": "l1"}, "regulariser must be one of"),
        ("barycentric_ot", {"regulariser": "l1"}, "regulariser must be"),
        ("sliced", {"n_projections": 0}, "n_projections must be a whole number"),
        ("minibatch_ot", {"loss": "chamfer"}, 'loss must be "exact"'),
        ("unknown", {}, "objective must be one of vanilla, wgan"),
    ],
)
def test_refusals(name, settings, reason):
    with pytest.raises(ValueError, match=reason):
        objectives.make(name, **settings)


def test_critics_of_wrong_shape_are_refused():
    with pytest.raises(ValueError, match="one number per point, 12; got"):
        objectives.WGAN().critic_loss(lambda p: p, batch())
