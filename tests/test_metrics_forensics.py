"""Scores of detection and localisation: hand-computed tables, scikit-learn, scipy, closed forms."""
import numpy as np
import pytest
import sklearn.metrics as theirs
from scipy import stats
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression

from dflib.metrics.classification import (auc, balanced_accuracy, calibration_error, fit_temperature, holm, interval,
                                          log_loss, paired_difference, precision, reliability, under_prior)
from dflib.metrics.localisation import cosine, iinc, iou, pbca, true_detect_rate

# ---- localisation: maps of 2 x 4 fields, written row by row
NONE, ALL, LEFT, RIGHT = "0000 0000", "1111 1111", "1100 1100", "0011 0011"
TOP, CORNER = "1111 0000", "1000 0000"


def field(text):
    return np.array([[float(mark) / 9 if mark not in "01" else float(mark) for mark in row] for row in text.split()])


@pytest.mark.parametrize("found, true, expected", [
    # IINC, PBCA, IoU, cosine                           |U|   |I| / |map|   |I| / |truth|
    (NONE, NONE, (0, 1, 1, 1)),                       # 0
    (ALL, NONE, (1 / 2, 0, 0, 0)),                    # 1
    (NONE, ALL, (1 / 2, 0, 0, 0)),
    (NONE, CORNER, (8 / 23, 7 / 8, 0, 0)),            # 1/8
    (LEFT, LEFT, (0, 1, 1, 1)),                       # 1/2   1             1
    (ALL, ALL, (0, 1, 1, 1)),
    (LEFT, RIGHT, (1, 0, 0, 0)),                      # 1     0             0
    (CORNER, RIGHT, (2 / (3 - 5 / 8), 3 / 8, 0, 0)),  # 5/8   0             0
    (ALL, LEFT, (1 / 4, 1 / 2, 1 / 2, 2 ** -.5)),     # 1     1/2           1
    (LEFT, ALL, (1 / 4, 1 / 2, 1 / 2, 2 ** -.5)),
    (CORNER, LEFT, ((3 / 4) / (5 / 2), 5 / 8, 1 / 4, 1 / 2)),       # 1/2   1             1/4
    (LEFT, TOP, (1 / (3 - 3 / 4), 1 / 2, 1 / 3, 1 / 2)),            # 3/4   1/2           1/2
    ("9900 9900", LEFT, (0, 1, 1, 1)),                # 9 is 9/9
    ("3300 3300", LEFT, (0, 1, 1, 1)),                # 3/9 lies above the threshold, and has the same direction
    ("7200 7200", LEFT, (0, 1, 1, 9 / 9 / (2 * 53 / 81) ** .5)),                        # (7 + 2 + 7 + 2) / 9 = 2
    ("3300 3300", "3333 3333", (1 / 4, 1 / 2, 1 / 2, 2 ** -.5)),    # a truth in fractions is binarised as well
])
def test_localisation_by_hand(found, true, expected):
    found, true = field(found), field(true)
    assert (iinc(found, true), pbca(found, true), iou(found, true), cosine(found, true)) == pytest.approx(expected)
    if set(np.unique(true)) <= {0, 1}:
        assert iinc(found, true.astype(bool)) == iinc(found, true)


def test_thresholds():
    faint = np.full((2, 4), 0.1)
    assert iou(faint, field(NONE)) == 1 and iou(faint + 1e-9, field(NONE)) == 0 and iou(faint, field(NONE), 0.05) == 0
    assert pbca(faint, field(ALL), threshold=0.05) == 1 and iinc(faint, field(ALL), 0.05) == 0


def test_localisation_against_scikit_learn():
    rng = np.random.default_rng(0)
    for _ in range(5):
        found, true = rng.random((7, 9)), rng.random((7, 9)) < 0.3
        a, b = found.ravel() > 0.1, true.ravel()
        assert pbca(found, true) == pytest.approx(theirs.accuracy_score(b, a))
        assert iou(found, true) == pytest.approx(theirs.jaccard_score(b, a))
        assert cosine(found, true) == pytest.approx(theirs.pairwise.cosine_similarity([found.ravel()], [b])[0, 0])
        union = (a | b).mean()
        expected = (2 - theirs.precision_score(b, a) - theirs.recall_score(b, a)) / (3 - union)
        assert iinc(found, true) == pytest.approx(expected)


@pytest.mark.parametrize("found, true, said", [
    (np.zeros((2, 3)), np.zeros((3, 2)), r"one size, not \(2, 3\) and \(3, 2\)"),
    (np.zeros(4), np.zeros(4), r"not float64 \(4,\)"),
    (np.full((2, 2), 1.5), np.zeros((2, 2)), "A map has numbers in .* 1.5"),
    (np.full((2, 2), np.nan), np.zeros((2, 2)), "nan"), (np.zeros((2, 2)), -np.ones((2, 2)), "A truth has .* from -1"),
    (np.zeros((0, 2)), np.zeros((0, 2)), "not float64")])
@pytest.mark.parametrize("score", [iinc, pbca, iou, cosine])
def test_what_is_no_map(score, found, true, said):
    with pytest.raises(ValueError, match=said):
        score(found, true)


def test_detection_rate_against_the_roc_curve():
    rng = np.random.default_rng(0)
    labels = rng.random(3000) < 0.3
    scores = np.round(rng.normal(labels * 2.0, 1), 1)                       # with many ties
    false, true, _ = theirs.roc_curve(labels, scores, drop_intermediate=False)
    for rate in (0.001, 0.01, 0.03, 0.1):
        assert true_detect_rate(labels, scores, rate) == pytest.approx(true[false <= rate].max())
    reals = np.zeros(1000, int)
    # one real of a thousand may be above
    assert true_detect_rate(np.r_[reals, 1, 1], np.r_[np.arange(1000), 998.5, 998], 0.001) == 0.5


@pytest.mark.parametrize("labels, rate, said", [
    (np.r_[np.zeros(999, int), 1], 0.001, "rate of 0.1 % cannot be told from 999 real ones: 1000 are needed at least"),
    (np.r_[np.zeros(99, int), 1], 0.01, "of 1 % cannot be told from 99 real ones: 100 are needed at least"),
    (np.zeros(500, int), 0.01, "no fakes"), (np.ones(5, int), 0.01, "from 0 real ones"),
    (np.zeros(500, int), 0, "between 0 and 1")])
def test_too_few_to_tell(labels, rate, said):
    with pytest.raises(ValueError, match=said):
        true_detect_rate(labels, np.arange(len(labels)), rate)


# ---- classification

@pytest.fixture
def verdicts():
    rng = np.random.default_rng(1)
    labels = (rng.random(400) < 0.7).astype(int)
    scores = np.round(1 / (1 + np.exp(-rng.normal(2 * labels - 1, 1.2))), 2)
    return labels, scores, rng.integers(4, size=400)


def test_scores_against_scikit_learn(verdicts):
    labels, scores, kinds = verdicts
    assert auc(labels, scores) == pytest.approx(theirs.roc_auc_score(labels, scores), abs=1e-12)
    assert auc(labels, -scores) == pytest.approx(1 - auc(labels, scores)) and auc([0, 1, 1], [3, 3, 3]) == 0.5
    assert balanced_accuracy(labels, scores) == pytest.approx(theirs.balanced_accuracy_score(labels, scores > 0.5))
    by_hand = [((scores > 0.5) == 1)[(labels == 1) & (kinds == k)].mean() for k in range(4)]
    assert balanced_accuracy(labels, scores, kinds=kinds) == pytest.approx(
        (np.mean(by_hand) + (scores <= 0.5)[labels == 0].mean()) / 2)
    inside = np.clip(scores, 0.01, 0.99)
    assert log_loss(labels, inside) == pytest.approx(theirs.log_loss(labels, inside))
    weights = np.where(labels == 1, 1 / labels.sum(), 1 / (1 - labels).sum())
    expected = theirs.log_loss(labels, inside, sample_weight=weights)
    assert log_loss(labels, inside, balanced=True) == pytest.approx(expected)


def test_binary_accuracy_of_the_faceforensics_table():
    """MesoInception-4 at c23: 89.55, 88.60, 81.24 and 76.62 % of the fakes, 82.19 % of the reals: 83.10 %."""
    labels, kinds, scores = np.zeros(10_000, int), np.zeros(10_000, int), np.r_[np.ones(1781), np.zeros(8219)]
    for kind, right in enumerate((8955, 8860, 8124, 7662), 1):
        labels, kinds = np.r_[labels, np.ones(10_000, int)], np.r_[kinds, np.full(10_000, kind)]
        scores = np.r_[scores, np.ones(right), np.zeros(10_000 - right)]
    assert 100 * balanced_accuracy(labels, scores, kinds=kinds) == pytest.approx(83.10, abs=0.005)


def test_log_loss_says_what_errors_cost():
    assert log_loss([0, 1], [0.5, 0.5]) == pytest.approx(0.6931, abs=5e-5)
    assert log_loss([1], [0.0]) == pytest.approx(34.5, abs=0.05) == log_loss([0], [1.0])
    assert log_loss([1], [0.0], clip=1e-3) == pytest.approx(3 * np.log(10)) and log_loss([1], [0.0], clip=0) == np.inf
    assert log_loss([1, 1, 1, 0], [1, 1, 1, 0.5], balanced=True) == pytest.approx(np.log(2) / 2)


@pytest.mark.parametrize("score", [auc, balanced_accuracy, lambda *a: log_loss(*a, balanced=True), fit_temperature])
def test_what_cannot_be_scored(score):
    for labels, values in (([0, 0], [1, 2]), ([1, 1], [1, 2]), ([], []), ([0, 1], [1]), ([0, 2], [1, 1]),
                           ([0, 1], [np.nan, 1])):
        with pytest.raises(ValueError):
            score(labels, values)


def test_interval_of_a_mean_over_groups():
    """For a mean over groups of one size the bootstrap's spread is known: that of the groups' means over √G."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 8)
    values = rng.normal(size=60)[groups] + 0.3 * rng.normal(size=480)         # alike within a group
    found = interval(np.mean, groups, values, resamples=4000)
    means = values.reshape(60, 8).mean(1)
    spread = means.std() / np.sqrt(60)
    assert found.value == pytest.approx(values.mean())
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(spread, rel=0.05)
    scipys = stats.bootstrap((means,), np.mean, method="percentile", n_resamples=4000, rng=0).confidence_interval
    assert (found.low, found.high) == pytest.approx(tuple(scipys), abs=0.02)
    alone = interval(np.mean, np.arange(480), values, resamples=500)
    assert alone.high - alone.low < 0.5 * (found.high - found.low)            # what pretending independence does
    assert interval(np.mean, groups, values, resamples=50) == interval(np.mean, groups, values, resamples=50)


def test_interval_of_an_auc_draws_until_both_classes_are_there():
    found = interval(auc, [0, 1, 2], np.array([0, 1, 1]), np.array([0.1, 0.4, 0.05]), resamples=200)
    assert found.value == 0.5 and found.low == 0 and found.high == 1
    for groups in ([0, 0, 0], [0, 1, 1]):             # one group; the classes each in one group: never both
        with pytest.raises(ValueError):
            interval(auc, groups, np.array([0, 0, 0]), np.array([0.1, 0.4, 0.05]), resamples=20)


def test_paired_difference():
    rng = np.random.default_rng(0)
    groups, labels = np.repeat(np.arange(50), 4), np.tile([0, 0, 1, 1], 50)
    hard = rng.normal(size=50)[groups] * 2
    first, second = labels + hard, labels + hard + 0.05 * rng.normal(size=200)

    def shift(labels, scores):
        return scores[labels == 1].mean() - scores[labels == 0].mean()

    same = paired_difference(shift, groups, labels, first, second, resamples=999)
    each = interval(shift, groups, labels, first, resamples=999)
    assert same.low < same.value < same.high and same.high - same.low < 0.1 * 4 * each.value
    assert same.value == pytest.approx(shift(labels, first) - shift(labels, second)) and 0.01 < same.p <= 1
    other = paired_difference(shift, groups, labels, first + 0.5 * labels, second, resamples=999)
    assert other.low > 0.4 and other.p == pytest.approx(2 / 1000)
    nothing = paired_difference(auc, groups, labels, first, first, resamples=99)
    assert (nothing.value, nothing.low, nothing.high, nothing.p) == (0, 0, 0, 1)
    t = stats.ttest_1samp([(first - second)[groups == g][2:].mean() - (first - second)[groups == g][:2].mean()
                           for g in range(50)], 0)
    assert same.p == pytest.approx(t.pvalue, abs=0.06)


def test_holm_by_hand():
    assert np.allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    assert np.allclose(holm([0.5, 0.9, 0.001]), [1, 1, 0.003]) and np.array_equal(holm([0.2]), [0.2])
    assert holm([]).shape == (0,)


def test_temperature_against_logistic_regression():
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 2, 4000)
    labels = (rng.random(4000) < 1 / (1 + np.exp(-truth))).astype(int)
    found = fit_temperature(labels, 3 * truth)
    slope = LogisticRegression(C=1e12, fit_intercept=False, tol=1e-10).fit(3 * truth[:, None], labels).coef_[0, 0]
    assert found == pytest.approx(1 / slope, rel=1e-4) and found == pytest.approx(3, rel=0.1)
    many = np.concatenate([np.flatnonzero(labels == 0), np.resize(np.flatnonzero(labels == 1), 4 * (labels == 1).sum())])
    balanced = fit_temperature(labels[many], 3 * truth[many] + 2, balanced=True)        # fakes four times as often
    slope = LogisticRegression(C=1e12, fit_intercept=False, tol=1e-10, class_weight="balanced").fit(
        3 * truth[:, None] + 2, labels).coef_[0, 0]
    assert balanced == pytest.approx(1 / slope, rel=1e-4)
    assert balanced != pytest.approx(fit_temperature(labels[many], 3 * truth[many] + 2), rel=0.05)
    for labels, logits in (([0, 1], [-1.0, 2.0]), ([0, 1], [1.0, -2.0])):
        with pytest.raises(ValueError, match="cannot be fitted"):
            fit_temperature(labels, logits)


def test_reliability(verdicts):
    labels, p, _ = verdicts
    table = reliability(labels, p)
    found, said = calibration_curve(labels, p + 1e-9, n_bins=10)              # its bins are open below
    assert np.allclose([row["found"] for row in table], found) and np.allclose([row["said"] for row in table], said)
    assert sum(row["count"] for row in table) == 400
    assert reliability([1, 0], [1.0, 0.0], bins=4) == [
        {"low": 0, "high": 0.25, "count": 1, "said": 0, "found": 0},
        {"low": 0.75, "high": 1, "count": 1, "said": 1, "found": 1}]
    assert calibration_error([1, 0, 0, 0], [0.9, 0.9, 0.1, 0.1]) == pytest.approx((2 * 0.4 + 2 * 0.1) / 4)


def test_prior_shift_and_base_rates():
    assert precision(0.95, 0.05, 0.01) == pytest.approx(0.161, abs=5e-4)
    assert precision(0.95, 0.05, 0.5) == pytest.approx(0.95)
    # a test that fires for 95 % of fakes and 5 % of reals is a detector of two probabilities
    assert under_prior([0.95], 0.5, 0.01)[0] == pytest.approx(precision(0.95, 0.05, 0.01))
    p = np.linspace(0.01, 0.99, 9)
    assert np.allclose(under_prior(under_prior(p, 0.5, 0.1), 0.1, 0.5), p) and np.allclose(under_prior(p, 0.3, 0.3), p)
    # two Gaussians: the posterior under any prior is known
    x = np.linspace(-3, 3, 7)
    fake, real = stats.norm.pdf(x, 1), stats.norm.pdf(x, -1)
    assert np.allclose(under_prior(fake / (fake + real), 0.5, 0.2), 0.2 * fake / (0.2 * fake + 0.8 * real))
    with pytest.raises(ValueError, match="between 0 and 1"):
        under_prior(p, 0.5, 1)
