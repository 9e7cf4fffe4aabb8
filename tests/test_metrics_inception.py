"""The Inception network of published FIDs against a second reading of the published code, with random weights."""
import pytest
import torch
from torch.nn import functional

from dflib.metrics.frechet import inception_features
from dflib.metrics.inception import Inception, tensorflow_resized


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def published_layout():
    """Names of the convolutions in pt_inception-2015-12-05: torchvision's inception_v3 without its side head."""
    stem = ["Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3"]
    triple = [f"branch3x3dbl_{k}" for k in "123"]
    a = ["branch1x1", "branch5x5_1", "branch5x5_2", *triple, "branch_pool"]
    c = ["branch1x1", *(f"branch7x7_{k}" for k in "123"), *(f"branch7x7dbl_{k}" for k in "12345"), "branch_pool"]
    d = ["branch3x3_1", "branch3x3_2", *(f"branch7x7x3_{k}" for k in "1234")]
    e = ["branch1x1", "branch3x3_1", "branch3x3_2a", "branch3x3_2b", "branch3x3dbl_1", "branch3x3dbl_2",
         "branch3x3dbl_3a", "branch3x3dbl_3b", "branch_pool"]
    blocks = {"5b": a, "5c": a, "5d": a, "6a": ["branch3x3", *triple], "6b": c, "6c": c, "6d": c, "6e": c, "7a": d,
              "7b": e, "7c": e}
    return stem + [f"Mixed_{block}.{name}" for block, names in blocks.items() for name in names]


@pytest.fixture(scope="module")
def inception_state():
    """Random weights that keep the signal alive, without batch counters, as old versions of torch wrote them."""
    torch.manual_seed(0)
    state = Inception().state_dict()
    for name, value in state.items():
        if name.endswith("conv.weight"):
            torch.nn.init.kaiming_normal_(value)
        elif name.endswith(("bn.weight", "running_var")):
            value.uniform_(.8, 1.2)
        elif name.endswith(("bn.bias", "running_mean")):
            value.normal_(0, .1)
    return {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}


def second_inception(x, state):
    """The features once more, block by block in the order of the published code."""
    def conv(x, name, stride=1, padding=0):
        x = functional.conv2d(x, state[f"{name}.conv.weight"], None, stride, padding)
        mean, var, weight, bias = (state[f"{name}.bn.{k}"][:, None, None]
                                   for k in ("running_mean", "running_var", "weight", "bias"))
        return functional.relu((x - mean) / torch.sqrt(var + 1e-3) * weight + bias)

    def average(x):             # the mean over the pixels that exist
        count = functional.avg_pool2d(torch.ones_like(x), 3, 1, 1)
        return functional.avg_pool2d(x, 3, 1, 1) / count

    x = conv(conv(conv(x, "Conv2d_1a_3x3", 2), "Conv2d_2a_3x3"), "Conv2d_2b_3x3", padding=1)
    x = functional.max_pool2d(x, 3, 2)
    x = functional.max_pool2d(conv(conv(x, "Conv2d_3b_1x1"), "Conv2d_4a_3x3"), 3, 2)
    for m in ("Mixed_5b.", "Mixed_5c.", "Mixed_5d."):
        five = conv(conv(x, m + "branch5x5_1"), m + "branch5x5_2", padding=2)
        three = conv(conv(x, m + "branch3x3dbl_1"), m + "branch3x3dbl_2", padding=1)
        three = conv(three, m + "branch3x3dbl_3", padding=1)
        x = torch.cat([conv(x, m + "branch1x1"), five, three, conv(average(x), m + "branch_pool")], 1)
    m = "Mixed_6a."
    three = conv(conv(conv(x, m + "branch3x3dbl_1"), m + "branch3x3dbl_2", padding=1), m + "branch3x3dbl_3", 2)
    x = torch.cat([conv(x, m + "branch3x3", 2), three, functional.max_pool2d(x, 3, 2)], 1)
    for m in ("Mixed_6b.", "Mixed_6c.", "Mixed_6d.", "Mixed_6e."):
        seven = conv(conv(x, m + "branch7x7_1"), m + "branch7x7_2", padding=(0, 3))
        seven = conv(seven, m + "branch7x7_3", padding=(3, 0))
        double = conv(conv(x, m + "branch7x7dbl_1"), m + "branch7x7dbl_2", padding=(3, 0))
        double = conv(conv(double, m + "branch7x7dbl_3", padding=(0, 3)), m + "branch7x7dbl_4", padding=(3, 0))
        double = conv(double, m + "branch7x7dbl_5", padding=(0, 3))
        x = torch.cat([conv(x, m + "branch1x1"), seven, double, conv(average(x), m + "branch_pool")], 1)
    m = "Mixed_7a."
    three = conv(conv(x, m + "branch3x3_1"), m + "branch3x3_2", 2)
    seven = conv(conv(x, m + "branch7x7x3_1"), m + "branch7x7x3_2", padding=(0, 3))
    seven = conv(conv(seven, m + "branch7x7x3_3", padding=(3, 0)), m + "branch7x7x3_4", 2)
    x = torch.cat([three, seven, functional.max_pool2d(x, 3, 2)], 1)
    for m, pool in (("Mixed_7b.", average), ("Mixed_7c.", lambda x: functional.max_pool2d(x, 3, 1, 1))):
        three = conv(x, m + "branch3x3_1")
        three = [conv(three, m + "branch3x3_2a", padding=(0, 1)), conv(three, m + "branch3x3_2b", padding=(1, 0))]
        double = conv(conv(x, m + "branch3x3dbl_1"), m + "branch3x3dbl_2", padding=1)
        double = [conv(double, m + "branch3x3dbl_3a", padding=(0, 1)),
                  conv(double, m + "branch3x3dbl_3b", padding=(1, 0))]
        x = torch.cat([conv(x, m + "branch1x1"), *three, *double, conv(pool(x), m + "branch_pool")], 1)
    return functional.adaptive_avg_pool2d(x, 1).flatten(1)


def test_inception_reads_the_published_layout(inception_state, tmp_path):
    parts = ("conv.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var")
    names = {f"{layer}.{part}" for layer in published_layout() for part in parts} | {"fc.weight", "fc.bias"}
    assert set(inception_state) == names
    # torchvision's 23,834,568 parameters for 1000 classes, and 8 classes more
    assert sum(p.numel() for p in Inception().parameters()) == 23_834_568 + 8 * 2049

    path = tmp_path / "pt_inception-2015-12-05-6726825d.pth"
    torch.save(inception_state, path)
    features = inception_features(path)
    x = torch.rand(1, 3, 23, 23).repeat_interleave(13, 2).repeat_interleave(13, 3) * 2 - 1     # 299 px: nothing resized
    with torch.no_grad():
        found, again = features(x), second_inception(((x + 1) * 127.5 - 128) / 128, inception_state)
    assert found.shape == (1, 2048) and found.std() > .05
    assert torch.allclose(found, again, atol=1e-4 * float(again.abs().max()))

    torch.save({name: value for name, value in inception_state.items() if name != "Mixed_6c.branch_pool.bn.bias"}, path)
    with pytest.raises(ValueError, match="lacks Mixed_6c.branch_pool.bn.bias"):
        inception_features(path)
    for content in ([torch.ones(2)], {1: torch.ones(2)}, {"fc.bias": 3}):
        torch.save(content, path)
        with pytest.raises(ValueError, match="holds no named tensors"):
            inception_features(path)
    with pytest.raises(FileNotFoundError, match="no Inception weights at .*github.com/mseitzer/pytorch-fid"):
        inception_features(tmp_path / "nothing.pth")


def test_resizing_as_in_tensorflow():
    x = torch.tensor([[0., 4.], [8., 12.]])[None, None]
    rows = torch.tensor([[0, 2, 4, 4], [4, 6, 8, 8], [8, 10, 12, 12], [8, 10, 12, 12.]])
    assert torch.equal(tensorflow_resized(x, 4)[0, 0], rows)
    ramp = torch.arange(600.).expand(1, 1, 600, 600)
    assert torch.allclose(tensorflow_resized(ramp, 299)[0, 0, 5], torch.arange(299) * 600 / 299, atol=1e-3)
