"""Inputs that a script gives, and what reaches them: images, sounds, volumes, videos, texts."""

import wave

import numpy as np
import pytest
import torch

from vrnn.compute.loaded_model import LoadedModel
from vrnn.compute.loading.source import open_source
from vrnn.compute.model_inputs import leaves_in
from vrnn.errors import VrnnError
from vrnn.media.media import Sound, Video, Volume
from vrnn.media.media_reader import read_media
from vrnn.network.model_spec import ModelSpec

IMPORTS = (
    "import numpy as np\nimport torch\nfrom torch import nn\nfrom torch.nn import functional as F\n"
)
RED = np.tile(np.array([255, 0, 0], np.uint8), (30, 40, 1))


@pytest.fixture
def opened(tmp_path):
    def open_it(script, **options):
        path = tmp_path / "net.py"
        path.write_text(IMPORTS + script)
        return open_source(ModelSpec(str(path), **options))

    return open_it


def model(forward, parameters="x", layers="self.conv = nn.Conv2d(3, 4, 3)"):
    return (
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        f"        {layers}\n    def forward(self, {parameters}):\n        {forward}\n"
        "model = Net()\nmean, std = (0.0,), (1.0,)\n"
    )


IMAGES = {
    "batched": ("return self.conv(x)", "x", "torch.rand(1, 3, 12, 16)"),
    "unbatched": ("return self.conv(x[None])", "x", "torch.rand(3, 12, 16)"),
    "a list of pictures": (
        "return self.conv(torch.stack([F.interpolate(i[None], (9, 9))[0] for i in x]))", "x",
        "[torch.rand(3, 12, 16)]",
    ),
    "a list of pictures in a tuple": (
        "return self.conv(torch.stack([F.interpolate(i[None], (9, 9))[0] for i in x]))", "x",
        "([torch.rand(3, 12, 16), torch.rand(3, 20, 24)],)",
    ),
    "channels last": ("return self.conv(x.permute(0, 3, 1, 2))", "x", "torch.rand(1, 12, 16, 3)"),
    "unbatched, channels last": (
        "return self.conv(x.permute(2, 0, 1))", "x", "torch.rand(12, 16, 3)"
    ),
    "half": ("return self.conv(x.float())", "x", "torch.rand(1, 3, 12, 16).half()"),
    "double": ("return self.conv.double()(x)", "x", "torch.rand(1, 3, 12, 16).double()"),
    "bytes": (
        "return self.conv(x / 255)", "x", "torch.zeros(1, 3, 12, 16, dtype=torch.uint8)"
    ),
    "two samples": ("return self.conv(x)", "x", "torch.rand(2, 3, 12, 16)"),
    "a dict": (
        "return self.conv(batch['image']) * batch['weight']", "batch",
        "{'image': torch.rand(1, 3, 12, 16), 'weight': torch.ones(1), 'file': 'a.png'}",
    ),
    "keywords": (
        "return self.conv(pixel_values)", "*, pixel_values, mask=None",
        "{'pixel_values': torch.rand(1, 3, 12, 16)}",
    ),
    "any keywords": (
        "return self.conv(inputs['pixels'])", "**inputs", "{'pixels': torch.rand(1, 3, 12, 16)}"
    ),
    "one tensor for a keyword": (
        "return self.conv(pixel_values)", "*, pixel_values", "torch.rand(1, 3, 12, 16)"
    ),
    "positional and keywords": (
        "return self.conv(x) * scale", "x, *, scale", "(torch.rand(1, 3, 12, 16), {'scale': 2.0})"
    ),
    "the image second": (
        "return self.conv(image) + code.mean()", "code, image",
        "(torch.rand(1, 7), torch.rand(1, 3, 12, 16))",
    ),
    "a mask of the same shape": (
        "return self.conv(x * mask)", "x, mask",
        "(torch.rand(1, 3, 12, 16), torch.ones(1, 3, 12, 16))",
    ),
    "a function": ("return self.conv(x)", "x", "lambda: torch.rand(1, 3, 12, 16)"),
    "an array of NumPy": ("return self.conv(x)", "x", "np.zeros((1, 3, 12, 16), np.float32)"),
}  # fmt: skip


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_reaches_the_input_and_is_what_is_shown(opened, name):
    forward, parameters, example = IMAGES[name]
    source = opened(model(forward, parameters) + f"example_input = {example}\n")
    inputs, shown, note = source.prepare(RED)
    assert note == ""
    assert (shown == (255, 0, 0)).all()
    before, after = leaves_in(source.example_inputs()), leaves_in(inputs)
    changed = [
        (old, new)
        for old, new in zip(before, after, strict=True)
        if isinstance(old, torch.Tensor) and not torch.equal(old, new)
    ]
    assert len(changed) == (2 if "torch.rand(3, 20" in example else 1)
    for old, new in changed:
        assert (old.shape, old.dtype) == (new.shape, new.dtype)
        axis = list(new.shape).index(3)
        channels = new.double().movedim(axis, 0).flatten(1) / (
            255 if new.dtype == torch.uint8 else 1
        )
        assert channels.amin(1).tolist() == pytest.approx([1, 0, 0], abs=1e-3)
        assert channels.amax(1).tolist() == pytest.approx([1, 0, 0], abs=1e-3)
    with torch.no_grad():
        assert inputs.call(source.model.eval()) is not None


def test_both_of_two_images_get_it_whatever_their_sizes(opened):
    source = opened(
        model("return self.conv(a).mean() + self.conv(b).mean()", "a, b")
        + "example_input = (torch.rand(1, 3, 12, 16), torch.rand(1, 3, 20, 20))\n"
    )
    a, b = source.prepare(RED).inputs
    assert a[0, 0].min() == b[0, 0].min() == 1


def test_frames_each_get_the_image_and_a_video_its_frames(opened):
    source = opened(
        model("return self.conv(x.flatten(0, 1))") + "example_input = torch.rand(1, 4, 3, 12, 16)\n"
    )
    inputs, shown, note = source.prepare(RED)
    assert "each of the 4 frames" in note
    assert (inputs.args[0][:, :, 0] == 1).all()
    assert (shown == (255, 0, 0)).all()
    frames = np.stack([np.full((12, 16, 3), 10 * i, np.uint8) for i in range(10)])
    inputs, shown, note = source.prepare(Video(frames))
    assert note == ""
    got = (inputs.args[0][0, :, 0, 0, 0] * 255).round().tolist()
    assert got == [0, 30, 60, 90]
    assert shown.max() == 0


def test_a_video_in_an_image_is_its_first_frame_and_says_so(opened):
    source = opened(model("return self.conv(x)") + "input_size = (12, 16)\n")
    frames = np.stack([np.full((12, 16, 3), 10 * i, np.uint8) for i in range(1, 4)])
    inputs, shown, note = source.prepare(Video(frames))
    assert "first of 3 frames" in note
    assert (shown == 10).all()
    assert inputs.args[0].mean().item() == pytest.approx(10 / 255)


VOLUME = "self.conv = nn.Conv3d(1, 4, 3)"


def test_a_volume_is_resampled_and_a_slice_of_it_is_shown(opened):
    source = opened(
        model("return self.conv(x)", layers=VOLUME)
        + "example_input = torch.rand(1, 1, 8, 12, 16)\n"
    )
    values = np.broadcast_to(np.arange(24, dtype=np.float32), (16, 20, 24)).copy()
    inputs, shown, note = source.prepare(Volume(values))
    assert note == ""
    assert inputs.args[0].shape == (1, 1, 8, 12, 16)
    columns = inputs.args[0][0, 0, 4, 5]
    assert (columns.diff() > 0).all()
    assert shown.shape == (12, 16, 3)
    assert (np.diff(shown[3, :, 0].astype(int)) > 0).all()


def test_an_array_of_the_very_shape_goes_in_as_it_is(opened):
    source = opened(
        model("return self.conv(x)", layers="self.conv = nn.Linear(6, 2)")
        + "example_input = torch.rand(5, 6)\n"
    )
    values = np.arange(30, dtype=np.float32).reshape(5, 6)
    inputs, _, note = source.prepare(Volume(values))
    assert note == ""
    assert np.array_equal(inputs.args[0].numpy(), values)


def test_a_sound_is_brought_to_the_models_rate_and_length(opened):
    source = opened(
        model("return self.conv(x)", layers="self.conv = nn.Conv1d(1, 4, 9)")
        + "example_input = torch.rand(1, 1, 4000)\nsample_rate = 8000\n"
    )
    seconds = np.arange(8000) / 16000
    tone = np.sin(2 * np.pi * 100 * seconds).astype(np.float32)
    inputs, _, note = source.prepare(Sound(np.stack([tone, tone]), 16000))
    assert note == ""
    expected = np.sin(2 * np.pi * 100 * np.arange(4000) / 8000)
    assert np.abs(inputs.args[0][0, 0].numpy() - expected).max() < 0.03
    _, _, note = source.prepare(Sound(np.zeros((1, 32000), np.float32), 16000))
    assert "first 0.5 s" in note


REACHES_NOTHING = {
    "tokens": ("self.conv = nn.Embedding(9, 4)", "torch.zeros(1, 5, dtype=torch.int64)", "tokens"),
    "a sequence": ("self.conv = nn.LSTM(28, 4)", "torch.rand(12, 1, 28)", "12×1×28"),
    "a volume": (VOLUME, "torch.rand(1, 1, 8, 12, 16)", "a volume"),
    "a signal": ("self.conv = nn.Conv1d(1, 4, 9)", "torch.rand(1, 1, 4000)", "a sound"),
    "table rows": ("self.conv = nn.Linear(100, 4)", "torch.rand(1, 100)", "1×100"),
    "points": ("self.conv = nn.Linear(3, 4)", "torch.rand(1, 200, 3)", "1×200×3"),
    "frequencies": (
        "self.conv = nn.Identity()", "torch.rand(1, 1, 9, 9, dtype=torch.complex64)", "1×1×9×9"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REACHES_NOTHING)
def test_an_image_that_cannot_go_in_is_told_and_what_goes_in_is_shown(opened, name):
    layers, example, takes = REACHES_NOTHING[name]
    source = opened(model("return self.conv(x)", layers=layers) + f"example_input = {example}\n")
    inputs, shown, note = source.prepare(RED)
    assert "an image cannot go into net" in note
    assert takes in note
    assert torch.equal(inputs.args[0], source.example_inputs().args[0])
    assert not (shown == (255, 0, 0)).all()
    assert np.array_equal(shown, source.prepare(None).image)


def test_100_numbers_are_an_image_only_if_the_script_says_so(opened):
    text = "model = nn.Sequential(nn.Linear(100, 4))\n"
    assert "cannot go into" in opened(text).prepare(RED).note
    assert opened(text + "input_size = 10\n").prepare(RED).note == ""


# Texts.

WORDS = model("return self.words(ids)", "ids", "self.words = nn.Embedding(100, 4)")
TOKENIZERS = {
    "a function": "def tokenizer(text):\n    return [len(word) for word in text.split()]\n",
    "with encode": (
        "class Tokenizer:\n    def encode(self, text):\n"
        "        return [ord(c) - 97 for c in text]\n"
        "    def decode(self, ids):\n        return ''.join(chr(97 + i) for i in ids)\n"
        "tokenizer = Tokenizer()\n"
    ),
    "a tensor": "def tokenizer(text):\n    return torch.tensor([[len(w) for w in text.split()]])\n",
    "an encoding": (
        "class Encoding:\n    ids, tokens = [1, 2], ['hel', 'lo']\n"
        "def tokenizer(text):\n    return Encoding()\n"
    ),
}


@pytest.mark.parametrize(
    ("name", "text", "ids", "names"),
    [
        ("a function", "the cat sits", [3, 3, 4], ("the", "cat", "sits")),
        ("with encode", "abc", [0, 1, 2], ("a", "b", "c")),
        ("a tensor", "to be", [2, 2], ("to", "be")),
        ("an encoding", "hello", [1, 2], ("hel", "lo")),
    ],
)
@pytest.mark.parametrize("way", ["option", "script"])
def test_a_text_goes_through_the_scripts_tokenizer(opened, name, text, ids, names, way):
    script = WORDS + TOKENIZERS[name]
    if way == "option":
        source = opened(script, text=text)
    else:
        source = opened(script + f"example_input = {text!r}\n")
    assert source.example_inputs().args[0].tolist() == [ids]
    assert source.token_names == names


def test_a_text_is_shown_as_text(opened):
    script = WORDS + TOKENIZERS["a function"]
    shown = [opened(script, text=text).prepare(None).image for text in ("so", "to")]
    assert shown[0].shape == (448, 448, 3)
    assert not np.array_equal(*shown)
    assert shown[0][:120].max() > 200 > shown[0][120:].max()  # one line
    long = opened(script, text="word " * 500).prepare(None).image
    assert long[-4:].max() < 200 < long[300:].max()  # the last line is whole


def test_a_tokenizer_that_gives_keywords(opened):
    source = opened(
        model(
            "return self.words(input_ids) * attention_mask[..., None]",
            "input_ids, attention_mask=None", "self.words = nn.Embedding(100, 4)",
        )
        + "class Tokenizer:\n    def __call__(self, text):\n"
        "        ids = [len(w) for w in text.split()]\n"
        "        return {'input_ids': ids, 'attention_mask': [1] * len(ids)}\n"
        "    def convert_ids_to_tokens(self, ids):\n        return [f'<{i}>' for i in ids]\n"
        "tokenizer = Tokenizer()\nexample_input = 'to be or'\n"
    )  # fmt: skip
    assert source.example_inputs().kwargs["attention_mask"].tolist() == [[1, 1, 1]]
    assert source.token_names == ("<2>", "<2>", "<2>")


def test_a_packed_sequence_is_one_input(opened):
    text = (
        model("return self.conv(x)[0].data", layers="self.conv = nn.LSTM(9, 4)")
        + "example_input = (nn.utils.rnn.pack_padded_sequence(torch.rand(5, 2, 9), [5, 3]),)\n"
    )
    (packed,) = opened(text).example_inputs().args
    assert packed.batch_sizes.tolist() == [2, 2, 2, 1, 1]


def test_the_example_that_lightning_modules_carry(opened):
    text = model("return self.conv(x)") + "model.example_input_array = torch.rand(1, 3, 11, 13)\n"
    assert opened(text).example_inputs().args[0].shape == (1, 3, 11, 13)
    own = opened(text + "example_input = torch.rand(1, 3, 5, 6)\n")
    assert own.example_inputs().args[0].shape == (1, 3, 5, 6)


# Files.


def test_a_wav_of_any_usual_width(tmp_path):
    wanted = np.array([[0.0, 0.5, -0.5, 0.25]], np.float32)
    for width, peak in ((1, 128), (2, 1 << 15), (3, 1 << 23), (4, 1 << 31)):
        path = tmp_path / "image.png"  # what a file holds counts, not its name
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(width)
            file.setframerate(8000)
            numbers = (wanted[0] * peak).astype(np.int64) + (128 if width == 1 else 0)
            file.writeframes(
                b"".join(int(n).to_bytes(width, "little", signed=width > 1) for n in numbers)
            )
        sound = read_media(path)
        assert isinstance(sound, Sound)
        assert sound.rate == 8000
        assert np.allclose(sound.samples, wanted, atol=1e-2)


def test_arrays(tmp_path):
    np.save(tmp_path / "scan.npy", np.ones((4, 5, 6), np.int16))
    volume = read_media(tmp_path / "scan.npy")
    assert isinstance(volume, Volume)
    assert volume.values.shape == (4, 5, 6)
    np.save(tmp_path / "picture.npy", RED)
    assert np.array_equal(read_media(tmp_path / "picture.npy"), RED)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.wav", b"RIFF\x00\x00\x00\x00WAVEfmt ", "save it as WAV with 16-bit samples"),
        ("a.npy", b"\x93NUMPY\x01\x00garbage", "save it with numpy.save"),
        ("a.mp4", b"\x00\x00\x00\x18ftypisom" + bytes(40), "give MP4 or AVI"),
    ],
)
def test_broken_files_are_told(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(VrnnError, match=message):
        read_media(tmp_path / name)


def test_objects_in_an_array_are_not_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(VrnnError, match="without objects"):
        read_media(tmp_path / "a.npy")


def test_a_video_file_is_its_frames(tmp_path):
    cv2 = pytest.importorskip("cv2")
    writer = cv2.VideoWriter(
        str(tmp_path / "clip.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (32, 24)
    )
    for value in (0, 100, 200):
        writer.write(np.full((24, 32, 3), value, np.uint8))
    writer.release()
    video = read_media(tmp_path / "clip.avi")
    assert isinstance(video, Video)
    assert video.frames.shape == (3, 24, 32, 3)
    assert np.abs(video.frames.mean((1, 2, 3)) - (0, 100, 200)).max() < 4


def test_a_nifti_volume(tmp_path):
    nibabel = pytest.importorskip("nibabel", reason="needs nibabel")
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)  # x, y, z
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), tmp_path / "scan.nii.gz")
    volume = read_media(tmp_path / "scan.nii.gz")
    assert np.array_equal(volume.values, values.transpose(2, 1, 0))


def test_a_packed_sequence_goes_in(opened):
    script = (
        "from torch.nn.utils.rnn import pack_sequence\nclass Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.rnn = nn.GRU(4, 5)\n"
        "    def forward(self, packed):\n        return self.rnn(packed)[1]\nmodel = Net()\n"
        "example_input = pack_sequence([torch.rand(6, 4), torch.rand(2, 4)])\n"
    )
    steps, counts = LoadedModel(opened(script), "layers").network.nodes[:2]
    assert [axis.role for axis in steps.axes] == ["time", "channel"]
    assert [axis.role for axis in counts.axes] == ["time"]
