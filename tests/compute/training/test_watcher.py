"""A model is recorded while it is trained, whatever happens to the training."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from vrnn.compute.loading.script_runner import run_script
from vrnn.compute.loading.step_weights import StepWeights, read_step
from vrnn.compute.training import recording_writer
from vrnn.compute.training.gradient_sampler import Gradients, GradientSampler, packed
from vrnn.compute.training.watch import watch_model
from vrnn.compute.training.watcher import Watcher
from vrnn.errors import VrnnError
from vrnn.recordings.gradient_files import read_gradients
from vrnn.recordings.recorded_step import recorded_step
from vrnn.recordings.scalar_table import SCALARS
from vrnn.recordings.step_files import step_file
from vrnn.recordings.step_series import open_series


def small_net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))


def train(model: nn.Module, steps: int, watcher: Watcher | None = None, rate: float = 0.1) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    for _ in range(steps):
        loss = model(torch.randn(16, 4)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if watcher is not None:
            watcher.log(loss=loss)


def watch(model: nn.Module, folder: Path, every: int = 1, names: str = "*") -> Watcher:
    return watch_model(model, every=every, names=names, folder=folder, window=False)


def test_the_steps_of_a_training_are_kept_with_its_curves(tmp_path: Path) -> None:
    model = small_net()
    first = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with watch(model, tmp_path, every=3) as watcher:
        train(model, 7, watcher)
    series = open_series(tmp_path)
    assert series.steps[0] == 0
    assert series.steps[-1] == 7
    assert set(series.steps) <= {0, 3, 6, 7}
    for step, expected in ((0, first), (7, model.state_dict())):
        found = read_step(recorded_step(series, step))
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], expected[name]) for name in expected)
    by_name = {curve.name: curve for curve in series.curves()}
    assert by_name["loss"].steps.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert by_name["gradient norm"].steps.tolist() == [3, 6]


def test_other_models_that_are_trained_beside_it_are_no_steps(tmp_path: Path) -> None:
    model, other = small_net(), small_net()
    with watch(model, tmp_path) as watcher:
        train(other, 3)
        train(model, 2)
    assert watcher.step == 2


def test_only_what_has_changed_is_written(tmp_path: Path) -> None:
    model = small_net()
    model[0].weight.requires_grad_(False)
    with watch(model, tmp_path):
        train(model, 1)
    files = open_series(tmp_path).files_for(1)
    assert "0.weight" in (files[step_file(tmp_path, 0)] or ())


def test_names_choose_what_is_kept_after_the_start(tmp_path: Path) -> None:
    model = small_net()
    with watch(model, tmp_path, names="3.*"):
        train(model, 1)
    files = open_series(tmp_path).files_for(1)
    assert files[step_file(tmp_path, 1)] == ("3.bias", "3.weight")
    with pytest.raises(VrnnError, match="no weight is called like"):
        watch(model, tmp_path, names="layer9.*")


def test_a_recording_over_its_budget_is_thinned_and_loses_no_tensor(tmp_path: Path) -> None:
    model = small_net()
    writer = recording_writer.RecordingWriter(
        tmp_path, recording_writer.Manifest("Net"), budget=4000
    )
    states = {}
    for step in range(30):
        with torch.no_grad():
            model[step % 2 * 3].weight.add_(1.0)
        states[step] = {n: t.clone() for n, t in model.state_dict().items()}
        writer.write(step, states[step])
    series = open_series(tmp_path)
    assert 3 < len(series.steps) < 15
    assert series.steps[:3] == (0, 1, 2)
    assert series.steps[-1] == 29
    for step in series.steps:
        found = read_step(recorded_step(series, step))
        assert all(torch.equal(found[name], states[step][name]) for name in states[step])


def test_a_training_that_diverges_is_told_once_and_recorded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = small_net()
    with caplog.at_level(logging.WARNING), watch(model, tmp_path) as watcher:
        for value in (float("nan"), float("inf"), 1.0):
            watcher.log(loss=torch.tensor(value))
        with torch.no_grad():
            model[0].weight.fill_(float("nan"))
        train(model, 1)
    assert [r.message for r in caplog.records] == [
        "loss is not finite at step 0: the training diverges"
    ]
    assert open_series(tmp_path).steps[-1] == 1


def test_a_model_that_changes_ends_the_recording_with_a_sentence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = small_net()
    with caplog.at_level(logging.WARNING), watch(model, tmp_path) as watcher:
        train(model, 1)
        model[3] = nn.Linear(8, 5)
        train(model, 2)
    assert "changed its weights" in watcher.problem
    assert len(caplog.records) == 1
    assert max(open_series(tmp_path).steps) <= 1


def test_a_model_on_the_meta_device_is_one_sentence(tmp_path: Path) -> None:
    with torch.device("meta"):
        model = nn.Linear(2, 2)
    with pytest.raises(VrnnError, match="on the meta device"):
        watch(model, tmp_path)
    assert not (tmp_path / "recording.json").exists()


def test_a_model_that_moves_away_ends_the_recording_with_a_sentence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = small_net()
    with caplog.at_level(logging.WARNING), watch(model, tmp_path) as watcher:
        train(model, 1)
        model.to("meta")
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        optimizer.step()  # as another device is seen from here
    assert "moved where they cannot be read, at step 2" in watcher.problem
    assert len(caplog.records) == 1
    assert max(open_series(tmp_path).steps) <= 1


def test_a_model_that_changes_the_type_of_its_numbers_goes_on(tmp_path: Path) -> None:
    model = small_net()
    with watch(model, tmp_path) as watcher:
        train(model, 1)
        model.double()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        model(torch.randn(16, 4).double()).square().mean().backward()
        optimizer.step()
    assert watcher.problem == ""
    series = open_series(tmp_path)
    found = read_step(recorded_step(series, 2))
    assert all(torch.equal(found[n], t) for n, t in model.state_dict().items())
    assert StepWeights(small_net()).show(recorded_step(series, 2)) == ()


def test_a_full_disk_ends_the_recording_and_not_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model = small_net()
    with caplog.at_level(logging.WARNING), watch(model, tmp_path) as watcher:

        def full(tensors: object, file: Path) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(recording_writer, "save_file", full)
        train(model, 2, watcher)
    assert "no space left" in watcher.problem
    assert len(caplog.records) == 1
    series = open_series(tmp_path)
    assert series.steps == (0,)
    assert not series.notes
    assert not list(tmp_path.glob("*.part*"))


def test_a_folder_of_another_model_is_refused(tmp_path: Path) -> None:
    watch(small_net(), tmp_path).close()
    with pytest.raises(VrnnError, match="another model"):
        watch(nn.Linear(2, 2), tmp_path)


def test_a_recording_goes_on_where_it_ended(tmp_path: Path) -> None:
    for steps in (2, 5):
        model = small_net()
        with watch(model, tmp_path) as watcher:
            train(model, steps)
    assert watcher.step == 7
    series = open_series(tmp_path)
    assert series.steps[-1] == 7
    found = read_step(recorded_step(series, 7))
    assert all(torch.equal(found[n], t) for n, t in model.state_dict().items())


def test_only_the_first_of_several_processes_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    model = small_net()
    with watch(model, tmp_path / "here") as watcher:
        train(model, 2, watcher)
    assert watcher.folder is None
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize("rank", [0, 1])
def test_in_a_group_of_processes_rank_0_records(tmp_path: Path, rank: int) -> None:
    from torch.testing._internal.distributed.fake_pg import FakeStore

    torch.distributed.init_process_group("fake", store=FakeStore(), rank=rank, world_size=2)
    try:
        model = small_net()
        with watch(model, tmp_path / "here") as watcher:
            train(model, 2, watcher)
    finally:
        torch.distributed.destroy_process_group()
    assert (tmp_path / "here").exists() == (rank == 0)
    if rank == 0:
        assert watcher.folder is not None
        assert open_series(tmp_path / "here").steps[-1] == 2


def test_a_table_of_scalars_that_cannot_be_written_ends_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / SCALARS).symlink_to("/dev/full")  # as a full disk is seen
    model = small_net()
    with caplog.at_level(logging.WARNING), watch(model, tmp_path) as watcher:
        train(model, 2, watcher)
    assert "no space left" in watcher.problem.lower()
    assert len(caplog.records) == 1


def test_a_compiled_or_spread_model_is_recorded_by_its_own_names(tmp_path: Path) -> None:
    class DistributedDataParallel(nn.Module):
        def __init__(self, module: nn.Module) -> None:
            super().__init__()
            self.module = module

    watch(DistributedDataParallel(small_net()), tmp_path).close()
    assert "0.weight" in read_step(recorded_step(open_series(tmp_path), 0))


def test_the_writing_of_a_step_is_never_waited_for(tmp_path: Path) -> None:
    import threading

    model = small_net()
    gate, begun = threading.Event(), threading.Event()
    with watch(model, tmp_path) as watcher:
        write = watcher._writer.write

        def slow(step: int, weights: recording_writer.Weights, gradients: Gradients | None) -> None:
            begun.set()
            gate.wait(10)
            write(step, weights, gradients)

        watcher._writer.write = slow  # type: ignore[method-assign]
        train(model, 1)
        begun.wait(10)
        train(model, 20)  # returns though nothing can be written
        gate.set()
    assert open_series(tmp_path).steps == (0, 1, 21)


def test_gradients_are_kept_with_the_step_that_they_led_to(tmp_path: Path) -> None:
    model = small_net()
    with watch(model, tmp_path) as watcher:
        train(model, 1, watcher)
    expected = {n: p.grad.clone() for n, p in model.named_parameters() if p.ndim > 1}
    series = open_series(tmp_path)
    assert series.manifest is not None
    assert series.manifest.gradients
    assert series.gradients_for(0) is None
    found = series.gradients_for(5)
    assert found is not None
    assert found[0] == 1
    read = read_gradients(found[1])
    assert read.keys() == expected.keys()
    for name, gradient in expected.items():
        one_level = gradient.abs().amax(1, keepdim=True) / 127
        assert bool(((torch.from_numpy(read[name]) - gradient).abs() <= 0.51 * one_level).all())
    cut = found[1].read_bytes()[:-1]
    found[1].write_bytes(cut)
    with pytest.raises(VrnnError, match="cut short"):
        read_gradients(found[1])


def test_gradients_that_are_not_to_be_kept_are_not(tmp_path: Path) -> None:
    model = small_net()
    with watch_model(model, folder=tmp_path, every=1, window=False, gradients=False):
        train(model, 2)
    series = open_series(tmp_path)
    assert series.gradients_for(9) is None
    assert series.manifest is not None
    assert not series.manifest.gradients


def test_thinning_takes_the_gradients_of_a_step_with_it(tmp_path: Path) -> None:
    model = small_net()
    writer = recording_writer.RecordingWriter(
        tmp_path, recording_writer.Manifest("Net"), budget=8_000
    )
    for step in range(30):
        gradients = {"0.weight": torch.full((8, 4), float(step))}
        writer.write(step, model.state_dict() | {"0.bias": torch.full((8,), step)}, gradients)
    kept = set(open_series(tmp_path).steps)
    assert len(kept) < 25
    names = {f"{kind}-{step:010}" for kind in ("step", "gradients") for step in kept}
    assert {file.stem for file in tmp_path.glob("*.safetensors")} == names


def test_a_large_layer_keeps_the_gradients_of_some_kernels() -> None:
    model = nn.Sequential(nn.Conv2d(100, 200, 3), nn.ConvTranspose2d(200, 4, 2, groups=2))
    model.append(nn.Linear(1000, 3))
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter)
    model[0].weight.grad[3, 2] = float("nan")
    kept = GradientSampler(model).copy({})
    assert torch.equal(kept["0.weight"][4], model[0].weight.grad[4, :64])
    assert kept["1.weight"].shape == (4, 64, 2, 2)
    assert torch.equal(kept["1.weight"][3, 5], model[1].weight.grad[105, 1])
    assert torch.equal(kept["2.weight"], model[2].weight.grad[:, ::8])
    written = packed(kept)
    assert written["0.weight"].dtype == torch.int8
    assert written["scale:0.weight"].isnan().nonzero().tolist() == [[3]]


def test_a_step_is_put_into_a_model_and_its_own_weights_again(tmp_path: Path) -> None:
    model = small_net()
    with watch(model, tmp_path):
        train(model, 2)
    series, shown = open_series(tmp_path), small_net()
    own = {name: tensor.clone() for name, tensor in shown.state_dict().items()}
    weights = StepWeights(shown)
    assert weights.show(recorded_step(series, 2)) == ()
    assert all(torch.equal(t, model.state_dict()[n]) for n, t in shown.state_dict().items())
    weights.show(None)
    assert all(torch.equal(t, own[n]) for n, t in shown.state_dict().items())


def test_a_step_of_another_model_is_one_sentence(tmp_path: Path) -> None:
    watch(nn.Conv2d(3, 4, 3), tmp_path).close()
    with pytest.raises(VrnnError, match="no weight in"):
        StepWeights(small_net()).show(recorded_step(open_series(tmp_path), 0))


def test_checkpoints_that_hold_code_are_refused(tmp_path: Path) -> None:
    torch.save(small_net(), tmp_path / "epoch=0-step=10.ckpt")
    torch.save({"state_dict": small_net().state_dict()}, tmp_path / "epoch=1-step=20.ckpt")
    series, model = open_series(tmp_path), small_net()
    with pytest.raises(VrnnError, match="holds code"):
        StepWeights(model).show(recorded_step(series, 10))
    assert StepWeights(model).show(recorded_step(series, 20)) == ()


def test_a_script_that_is_opened_to_see_its_model_is_not_recorded(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        "import torch, vrnn\nmodel = torch.nn.Linear(2, 2)\n"
        "watcher = vrnn.watch(model, torch.ones(1, 2), folder='run', source=__file__)\n"
        "watcher.log(loss=1.0)\n"
    )
    module = run_script(script)
    assert module.watcher.folder is None
    assert not Path("run").exists()
    module.watcher.close()


def test_two_optimizers_in_turn_are_one_step_and_the_last_state_is_kept(tmp_path: Path) -> None:
    model = small_net()
    parts = [p for p in model.children() if list(p.parameters())]
    first = torch.optim.SGD(parts[0].parameters(), lr=0.1)
    second = torch.optim.SGD(parts[-1].parameters(), lr=0.1)
    with watch(model, tmp_path) as watcher:
        for _ in range(4):
            model(torch.randn(16, 4)).square().mean().backward()
            first.step()
            second.step()
    assert watcher.step == 4
    found = read_step(recorded_step(open_series(tmp_path), 4))
    assert all(torch.equal(found[name], own) for name, own in model.state_dict().items())


def test_a_recording_that_is_emptied_meanwhile_ends_with_a_sentence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = small_net()
    with caplog.at_level(logging.WARNING), watch(model, tmp_path) as watcher:
        train(model, 1)
        while watcher._pending is not None or not step_file(tmp_path, 1).exists():
            time.sleep(0.01)
        for file in tmp_path.iterdir():
            file.unlink()
        train(model, 3)
    assert "was removed while it was written" in watcher.problem
    assert len(caplog.records) == 1
    assert not list(tmp_path.glob("step-*"))
