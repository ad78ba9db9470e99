import numpy as np
import pytest
import torch

from vrnn.compute.loading.model_evidence import ModelEvidence
from vrnn.compute.outputs.context import OutputContext
from vrnn.compute.outputs.evidence import InputFact
from vrnn.compute.outputs.predictions import _square_image, decode_outputs
from vrnn.compute.outputs.shown_sample import _has_aspect
from vrnn.network.graph import Network, Node
from vrnn.network.predictions import ClassScores, Detections, Segmentation

NODES = tuple(Node(i, f"n{i}", "linear", "", "", (1, 1, 1)) for i in range(3))
NETWORK = Network("net", NODES, (), (0,), (1, 2))
SIZE = (40, 80)


def read(result, inputs=(1, 3, 40, 80), **evidence):
    context = OutputContext(ModelEvidence(**evidence), [InputFact("x", inputs)])
    return decode_outputs(result, NETWORK, SIZE, context)


def test_logits_become_probabilities():
    (scores,) = read(torch.tensor([[1.0, 3.0, 2.0]]))
    assert isinstance(scores, ClassScores)
    assert scores.node == 1
    assert scores.probabilities == pytest.approx(
        np.exp([1, 3, 2]) / np.exp([1, 3, 2]).sum(), rel=1e-5
    )
    assert scores.logits.tolist() == [1, 3, 2]


def test_probabilities_stay_what_they_are_and_one_score_is_a_sigmoid():
    (scores,) = read(torch.tensor([[0.2, 0.5, 0.3]]))
    assert scores.probabilities == pytest.approx([0.2, 0.5, 0.3])
    (one,) = read(torch.tensor([[2.0]]), loss="sigmoid")
    assert one.probabilities == pytest.approx([1 / (1 + np.exp(-2))])


def test_scores_that_are_not_finite_do_no_harm():
    (scores,) = read(torch.tensor([[1.0, float("nan"), float("inf"), -float("inf")]]))
    assert np.isfinite(scores.probabilities).all()
    assert scores.probabilities.sum() == pytest.approx(1)
    assert scores.probabilities.argmax() == 2


def test_two_heads_belong_to_two_nodes():
    first, second = read({"a": torch.rand(1, 3), "b": [torch.rand(1, 5)]})
    assert (first.node, second.node) == (1, 2)
    assert len(second.probabilities) == 5


def test_a_segmentation_takes_the_largest():
    logits = torch.zeros(1, 4, 20, 30)
    logits[0, 2, :, 15:] = 5
    (found,) = read({"out": logits}, (1, 3, 20, 30))
    assert isinstance(found, Segmentation)
    assert found.count == 4
    assert found.classes[3, 3] == 0
    assert found.classes[3, 20] == 2
    values = torch.linspace(-1, 1, 400).reshape(1, 1, 20, 20)
    (mask,) = read(values, (1, 3, 20, 20), loss="sigmoid", loss_name="BCELoss")
    assert mask.count == 2
    assert mask.classes.mean() == pytest.approx(0.5, abs=0.01)


def test_features_and_sequences_stay_maps():
    for shape in ((1, 16, 4, 4), (1, 7, 9), (1, 600, 40, 80)):
        (found,) = read(torch.rand(shape))
        assert found.kind == "maps"
    (picture,) = read(torch.rand(1, 3, 40, 80))
    assert picture.kind == "picture"


def test_boxes_best_first_in_fractions_of_the_image():
    (found,) = read(
        [
            {
                "boxes": torch.tensor([[0.0, 0, 40, 20], [40.0, 20, 80, 40]]),
                "labels": torch.tensor([7, 9]),
                "scores": torch.tensor([0.3, 0.8]),
            }
        ]
    )
    assert isinstance(found, Detections)
    assert found.boxes.tolist() == [[0.5, 0.5, 1, 1], [0, 0, 0.5, 0.5]]
    assert found.labels.tolist() == [9, 7]
    assert found.scores == pytest.approx([0.8, 0.3])


def test_boxes_of_a_batch_are_those_of_its_first_image():
    result = {
        "boxes": torch.tensor([[[0.0, 0, 40, 20], [40.0, 20, 80, 40]], [[1.0] * 4] * 2]),
        "labels": torch.tensor([[7, 9], [1, 1]]), "scores": torch.tensor([[0.3, 0.8], [0.9, 0.9]]),
        "loss": torch.tensor(3.0),
    }  # fmt: skip
    found = next(f for f in read(result) if isinstance(f, Detections))
    assert found.boxes.tolist() == [[0.5, 0.5, 1, 1], [0, 0, 0.5, 0.5]]
    assert found.labels.tolist() == [9, 7]


@pytest.mark.parametrize("boxes", [torch.rand(1, 5, 2), torch.rand(4, 4), [1.0, 2.0], None])
def test_what_is_called_boxes_and_is_none_is_read_as_any_output(boxes):
    scores = torch.rand(1, 5)
    found = read({"boxes": boxes, "scores": scores})
    assert not any(isinstance(f, Detections) for f in found)
    assert any(f.name == "scores" for f in found)


def test_masks_are_those_of_the_best_boxes():
    masks = torch.zeros(2, 1, 6, 8)
    masks[0, 0, :3], masks[1, 0, :, :4] = 0.9, 0.6
    masks[1, 0, :, 7] = 0.4
    result = [
        {
            "boxes": torch.tensor([[0.0, 0, 8, 3], [0, 0, 4, 6]]), "labels": torch.tensor([1, 2]),
            "scores": torch.tensor([0.5, 0.8]), "masks": masks,
        }
    ]  # fmt: skip
    (found,) = decode_outputs(result, NETWORK, (6, 8))
    assert found.scores.tolist() == pytest.approx([0.8, 0.5])
    assert found.masks.shape == (2, 6, 8)
    assert found.masks[0].sum() == 24
    assert found.masks[1].sum() == 24
    assert found.masks[0][:, 7].sum() == 0
    assert found.masks[1][0, 7]


@pytest.mark.parametrize(("count", "shape"), [
    (36, None), (49, (1, 7, 7)), (64, (1, 8, 8)), (48, None), (147, (3, 7, 7)), (108, None),
    (192, (3, 8, 8)), (50, None), (784, (1, 28, 28)), (3 * 784, (3, 28, 28)), (2 * 64, None),
    (3 * 81 * 3, (1, 27, 27)),
])  # fmt: skip
def test_which_vectors_may_be_square_images(count, shape):
    assert _square_image(np.zeros(count)) == shape
    assert _square_image(np.zeros((1, count))) is None


@pytest.mark.parametrize(("shape", "size", "has"), [
    ((40, 80), (40, 80), True), ((20, 40), (40, 80), True), ((40, 20), (40, 80), False),
    ((9, 18), (40, 80), True), ((8, 16), (40, 80), False), ((16, 8), (80, 40), False),
    ((20, 39), (40, 80), True), ((20, 42), (40, 80), True), ((20, 43), (40, 80), False),
    ((20, 38), (40, 80), False), ((10, 10), (630, 630), True), ((10, 10), (640, 640), False),
])  # fmt: skip
def test_which_maps_have_the_aspect_of_an_image(shape, size, has):
    rows, columns = size[0] / shape[0], size[1] / shape[1]
    assert has == (min(shape) > 8 and abs(rows - columns) < 0.05 * rows and rows < 64)
    assert _has_aspect(shape, size) == has


def test_of_each_list_of_estimates_the_last_counts():
    def maps(value):
        return torch.full((1, 4, 20, 30), float(value))

    def values(result):
        return [(o.name, float(o.values.flat[0])) for o in read(result, (1, 3, 20, 30))]

    found = values({"a": [maps(1), maps(2), maps(3)], "b": [maps(4), maps(5), maps(6)]})
    assert found == [("a.3", 3.0), ("b.3", 6.0)]
    found = values({"a": [maps(1), maps(2)], "b": [maps(4), maps(5)]})
    assert [value for _, value in found] == [1, 2, 4, 5]
    assert len(values([maps(1), maps(2), torch.zeros(1, 4, 10, 15)])) == 3
    assert len(values([torch.zeros(1, n) for n in (3, 3, 3, 3)])) == 4  # several heads
