"""Fitting a face model: derivatives, minima, recovery of known faces, clips and texture, against second methods."""
import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from dflib import cast
from dflib.cast.picture.camera import View, rotation as cast_rotation
from dflib.swap.clip import _coupling, _System, fit_clip
from dflib.swap.face_model import FaceModel, as_face_model
from dflib.swap.fit import Fit, angles, fit_landmarks, from_head_model, linearise, load_candide, moved, place
from dflib.swap.fit_plain import fit_plain, points_and_jacobian
from dflib.swap.texture import nearest_pose, transfer

WIDTH = 150.0       # pixels from ear to ear in the synthetic pictures


@pytest.fixture(scope="module")
def head():
    return from_head_model(cast.head_model())


@pytest.fixture(scope="module")
def small(head):
    """A model as small as Candide's: 46 of the landmarks, 8 identity and 6 expression shapes."""
    names = cast.head_model()
    identity = ("head_width", "face_len", "jaw_width", "nose_len", "eye_spacing", "brow_height", "mouth_width", "chin_len")
    return model_of(from_head_model(names, identity, ("jaw_open", "smile", "brow_up", "blinkR", "blinkL", "pucker")),
                    np.concatenate([np.arange(0, 17, 3), np.arange(17, 57)]))


def model_of(model, landmarks):
    return FaceModel(model.mean, model.blendshapes, model.triangles, model.landmark_vertices[landmarks], landmarks,
                     model.spread, model.shared)


def faces(model, count, seed=0, noise=0.0, width=WIDTH, weight=1.0):
    """True Fits and landmarks (count, 68, 2): turned up to 30, 15 and 15 degrees, WIDTH pixels wide."""
    rng = np.random.default_rng(seed)
    rotations = np.array([cast_rotation(*pose) for pose in rng.uniform((-30, -15, -15), (30, 15, 15), (count, 3))])
    rotations = Rotation.from_matrix(rotations).as_matrix()         # float64 again
    size = width / np.ptp(model.landmark_mean[:, 0]) * rng.uniform(0.9, 1.1, count)
    truth = Fit(size, rotations, rng.uniform(100, 150, (count, 2)),
                weight * rng.normal(size=(count, len(model.spread))) * model.spread, np.zeros(count), np.zeros((count, 1)))
    landmarks = np.zeros((count, 68, 2))
    landmarks[:, model.landmark_indices] = linearise(model, truth)[0]
    return truth, landmarks + rng.normal(size=landmarks.shape) * noise


def turned_by(a, b):
    """Degrees between rotations (B, 3, 3)."""
    return np.degrees((Rotation.from_matrix(a) * Rotation.from_matrix(b).inv()).magnitude())


def cast_landmarks(person, shots, size=256):
    """Landmarks (T, 68, 2) as `cast.render` gives them, without drawing."""
    head, points = cast.head_model(), []
    marks = head.landmark_vertices
    for shot in shots:
        _, x, y, _ = View.of(shot, size).place(head.vertices(person.identity, shot.expression)[marks], head.neck_weight[marks])
        points.append(np.stack([x, y], 1) - 0.5)
    return np.array(points)


def rms(difference):
    return np.sqrt((difference ** 2).sum(-1).mean())


# --- one face --------------------------------------------------------------------------------------------------------


def test_points_follow_the_equation(small):
    truth, landmarks = faces(small, 3)
    for b in range(3):
        shape = small.vertices(truth.weights[b])[small.landmark_vertices].astype(float)
        by_hand = truth.scale[b] * shape @ truth.rotation[b].T
        expected = by_hand[:, :2] * (1, -1) + truth.translation[b]
        np.testing.assert_allclose(landmarks[b, small.landmark_indices], expected, atol=1e-4)   # vertices are float32
    np.testing.assert_allclose(place(small, truth)[:, small.landmark_vertices, :2],
                               landmarks[:, small.landmark_indices], atol=1e-4)


def test_jacobian_equals_finite_differences(head):
    truth, _ = faces(head, 2, seed=1)
    _, jacobian = linearise(head, truth)
    h, size = 1e-6, jacobian.shape[2]
    for k in range(size):
        step = np.zeros((2, size))
        step[:, k] = h
        numeric = (linearise(head, moved(truth, step))[0] - linearise(head, moved(truth, -step))[0]) / (2 * h)
        np.testing.assert_allclose(jacobian[:, :, k], numeric.reshape(2, -1), atol=1e-5, rtol=1e-6)


@pytest.mark.parametrize("method", ["lm", "gn"])
@pytest.mark.parametrize("prior", [0.0, 1.5])
def test_same_minimum_as_scipy(small, method, prior):
    _, landmarks = faces(small, 6, seed=2, noise=1.5)
    fit = fit_landmarks(small, landmarks, prior, method)
    mean, shapes, pull = small.landmark_mean, small.landmark_shapes, prior / small.spread
    for b in range(6):
        wanted = landmarks[b, small.landmark_indices]

        def residuals(p):
            turned = np.exp(p[0]) * (mean + shapes @ p[6:]) @ Rotation.from_rotvec(p[1:4]).as_matrix().T
            return np.concatenate([(turned[:, :2] * (1, -1) + p[4:6] - wanted).ravel(), pull * p[6:]])
        start = np.concatenate([[np.log(fit.scale[b]), 0.1, 0.1, 0.1], wanted.mean(0), np.zeros(len(pull))])
        best = least_squares(residuals, start, jac="3-point", xtol=1e-15, ftol=1e-15, gtol=1e-15, x_scale="jac")
        energy = fit.energy[b, fit.steps[b]]
        assert abs(energy - 2 * best.cost) < 1e-6 * energy
        assert abs(fit.scale[b] / np.exp(best.x[0]) - 1) < 1e-6
        np.testing.assert_allclose(fit.rotation[b], Rotation.from_rotvec(best.x[1:4]).as_matrix(), atol=1e-6)
        np.testing.assert_allclose(fit.translation[b], best.x[4:6], rtol=1e-6)
        np.testing.assert_allclose(fit.weights[b] / small.spread, best.x[6:] / small.spread, atol=1e-5)
        residual = linearise(small, fit[b:b + 1])[0][0] - wanted
        assert fit.rms[b] == pytest.approx(rms(residual), rel=1e-6)


def test_the_plain_jacobian_is_the_compiled_one(head):
    truth, _ = faces(head, 2, seed=1)
    points, jacobian = linearise(head, truth)
    for b in range(2):
        plain = points_and_jacobian(head, truth.scale[b], truth.rotation[b], truth.translation[b], truth.weights[b])
        np.testing.assert_allclose(plain[0], points[b], atol=1e-9)
        np.testing.assert_allclose(plain[1], jacobian[b], atol=1e-8)


@pytest.mark.parametrize("method", ["lm", "gn"])
@pytest.mark.parametrize("which", ["small", "head"])
def test_the_compiled_fit_is_the_plain_one(request, which, method):
    model = request.getfixturevalue(which)
    _, landmarks = faces(model, 4, seed=12, noise=1.0)
    fit = fit_landmarks(model, landmarks, 1.5, method)
    for b in range(4):
        scale, rotation, translation, weights, energies = fit_plain(model, landmarks[b], 1.5, method == "lm")
        assert energies[-1] == pytest.approx(fit.energy[b, fit.steps[b]], rel=1e-7)
        assert scale == pytest.approx(fit.scale[b], rel=1e-5)
        np.testing.assert_allclose(energies[:3], fit.energy[b, :3], rtol=1e-6)         # the same steps, not only the same end
        np.testing.assert_allclose(rotation, fit.rotation[b], atol=1e-5)
        np.testing.assert_allclose(translation, fit.translation[b], atol=1e-3)
        np.testing.assert_allclose(weights / as_face_model(model).spread, fit.weights[b] / as_face_model(model).spread, atol=1e-4)


@pytest.mark.parametrize("method", ["lm", "gn"])
def test_exact_landmarks_give_the_exact_face(small, method):
    truth, landmarks = faces(small, 40, seed=3)
    fit = fit_landmarks(small, landmarks, 0, method)
    assert fit.rms.max() < 1e-6
    np.testing.assert_allclose(fit.weights, truth.weights, atol=1e-6)
    np.testing.assert_allclose(fit.rotation, truth.rotation, atol=1e-7)
    assert (fit.steps <= 12).all()
    energy = fit.energy
    assert (np.diff(energy, axis=1)[np.isfinite(energy[:, 1:])] < 0).all()


def test_first_pose_is_exact_for_the_mean_shape(small):
    truth, landmarks = faces(small, 20, seed=4, weight=0.0)
    fit = fit_landmarks(small, landmarks)
    assert fit.energy[:, 0].max() < 1e-12
    np.testing.assert_allclose(fit.translation, truth.translation, atol=1e-8)


def test_pose_within_a_degree_under_a_pixel_of_noise(small, head):
    for model in (small, head):
        truth, landmarks = faces(model, 400, seed=5, noise=1.0)
        fit = fit_landmarks(model, landmarks)
        assert turned_by(fit.rotation, truth.rotation).mean() < 1.0
        error = angles(fit.rotation) - angles(truth.rotation)
        assert (np.sqrt((error ** 2).mean(0)) < 1.0).all()
        assert np.abs(error.mean(0)).max() < 0.15


def test_prior_makes_weights_better_and_is_needed(small, head):
    truth, landmarks = faces(small, 300, seed=6, noise=1.5)
    error = [((fit_landmarks(small, landmarks, prior).weights - truth.weights) / small.spread).std() for prior in (0, 1.5, 15)]
    assert error[1] < 0.8 * error[0] and error[1] < error[2]
    with pytest.raises(ValueError, match="use a prior above 0"):
        fit_landmarks(head, faces(head, 1)[1], 0)                   # some shapes move no landmark
    few = model_of(head, np.arange(20, 60))
    with pytest.raises(ValueError, match="40 landmarks do not determine 77 weights"):
        fit_landmarks(few, landmarks[:1], 0)


def test_each_face_is_fitted_on_its_own(small):
    _, landmarks = faces(small, 5, seed=7, noise=1)
    together = fit_landmarks(small, landmarks)
    for b in range(5):
        alone = fit_landmarks(small, landmarks[b:b + 1])
        np.testing.assert_array_equal(alone.weights[0], together.weights[b])
    assert len(together[1:3]) == 2 and together[1:3].weights.shape == (2, 14)
    assert len(fit_landmarks(small, landmarks[:0])) == 0


def test_camera_frames_give_their_pose_back(head):
    """The cast's camera is a perspective one at 60 to 120 cm: weak perspective takes a tenth more turn out of it."""
    seeds, rng = range(100), np.random.default_rng(0)
    shots = [cast.sample_shot(seed) for seed in seeds]
    landmarks = np.concatenate([cast_landmarks(cast.sample_person(seed), [shot]) for seed, shot in zip(seeds, shots)])
    landmarks += rng.normal(size=landmarks.shape)
    poses = np.array([(shot.yaw, shot.pitch, shot.roll) for shot in shots])

    def errors(model):
        return np.abs(angles(fit_landmarks(model, landmarks).rotation) - poses).mean(0)
    with_perspective = errors(head)
    assert (with_perspective < (1.0, 1.0, 0.4)).all()
    assert errors(from_head_model(cast.head_model(), distance=np.inf))[0] > 1.5 * with_perspective[0]


def test_perspective_equals_a_pinhole_camera(head):
    truth, _ = faces(head, 3, seed=13)
    placed = place(head, truth)
    for b in range(3):
        camera = head.vertices(truth.weights[b]) @ truth.rotation[b].T
        depth = head.distance - camera[:, 2]
        focal = truth.scale[b] * head.distance
        expected = focal * camera[:, :2] / depth[:, None] * (1, -1) + truth.translation[b]
        np.testing.assert_allclose(placed[b, :, :2], expected, atol=1e-3)
    np.testing.assert_allclose(placed[:, head.landmark_vertices, :2], linearise(head, truth)[0], atol=1e-3)


def test_the_cast_head_is_accepted_as_it_is(head):
    landmarks = cast_landmarks(cast.sample_person(1), [cast.sample_shot(1)])
    np.testing.assert_array_equal(fit_landmarks(cast.head_model(), landmarks).weights, fit_landmarks(head, landmarks).weights)


def test_angles_undo_the_cast_rotation():
    poses = np.random.default_rng(0).uniform(-60, 60, (20, 3))
    np.testing.assert_allclose(angles(np.array([cast_rotation(*pose) for pose in poses])), poses, atol=1e-4)


def test_errors_of_fit(small):
    _, landmarks = faces(small, 1)
    for wrong, message in ((landmarks[0], "landmarks must have the shape"), (landmarks[:, :30], "with N > 56"),
                           (landmarks * np.nan, "finite"), (landmarks * 0 + 5, "face 0 lie on a line"),
                           (landmarks * (1, 0), "lie on a line")):
        with pytest.raises(ValueError, match=message):
            fit_landmarks(small, wrong)
    with pytest.raises(ValueError, match="prior must be"):
        fit_landmarks(small, landmarks, -1)
    with pytest.raises(ValueError, match="method"):
        fit_landmarks(small, landmarks, method="bfgs")


# --- models ----------------------------------------------------------------------------------------------------------


def write_candide(path, model, **changed):
    """A file in the layout of candide.npz (y down, z away from the camera, no matter the winding) of `model`."""
    turn = np.array([1, -1, -1])
    arrays = dict(mean3DShape=(model.mean * turn).T, blendshapes=(model.blendshapes * turn).transpose(0, 2, 1),
                  mesh=model.triangles[:, [1, 0, 2]], idxs3D=model.landmark_vertices, idxs2D=model.landmark_indices)
    np.savez(path, **{**arrays, **changed})
    return path


def test_candide_file_is_read_and_turned_round(tmp_path, small):
    kept = np.random.default_rng(0).permutation(len(small.mean))[:90]
    vertices = np.unique(np.concatenate([kept, small.landmark_vertices]))
    flat = FaceModel(small.mean[vertices].astype(float), small.blendshapes[:, vertices].astype(float),
                     np.array([[0, 1, 2]]), np.searchsorted(vertices, small.landmark_vertices), small.landmark_indices)
    model = load_candide(write_candide(tmp_path / "candide.npz", flat))
    np.testing.assert_allclose(model.mean, flat.mean)
    np.testing.assert_allclose(model.blendshapes, flat.blendshapes)
    a, b, c = model.mean[model.triangles[0]]
    assert np.cross(b - a, c - a)[2] >= 0
    truth, landmarks = faces(small, 5, seed=8)
    fit = fit_landmarks(model, landmarks, 0)
    np.testing.assert_allclose(fit.weights, truth.weights, atol=1e-5)
    reach = np.linalg.norm(model.blendshapes, axis=2).max(1) * model.spread
    np.testing.assert_allclose(reach, 0.1 * np.ptp(model.mean[:, 0]))


def test_errors_of_candide_files(tmp_path, small):
    with pytest.raises(FileNotFoundError, match="there is no file"):
        load_candide(tmp_path / "none.npz")
    text = tmp_path / "text.npz"
    text.write_text("not an archive")
    with pytest.raises(ValueError, match="cannot be read"):
        load_candide(text)
    with pytest.raises(ValueError, match="cannot be read"):         # objects would have to be unpickled
        load_candide(write_candide(tmp_path / "objects.npz", small, mesh=np.array([{}, 1], object)))
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match="must hold mean3DShape"):
        load_candide(tmp_path / "other.npz")
    np.save(tmp_path / "array.npy", np.zeros(3))
    with pytest.raises(ValueError, match="must hold mean3DShape"):
        load_candide(tmp_path / "array.npy")
    with pytest.raises(ValueError, match="no candide.npz"):
        load_candide(write_candide(tmp_path / "flat.npz", small, mean3DShape=small.mean))


def test_head_model_becomes_a_face_model(head):
    full = cast.head_model()
    np.testing.assert_array_equal(head.mean[head.landmark_vertices], full.mean[full.landmark_vertices])
    assert head.shared.sum() == len(full.identity) and len(head.spread) == len(full.identity) + len(full.expression)
    low, high = head.mean[head.triangles].reshape(-1, 3).min(0), head.mean[head.triangles].reshape(-1, 3).max(0)
    chin, nose = full.mean[full.landmark_vertices[8]], full.mean[full.landmark_vertices[30]]
    assert low[1] > chin[1] - 0.6 and 4 < high[1] < 6 and high[2] < nose[2] + 0.6 and low[2] > -1     # the face, no more
    with pytest.raises(ValueError, match="no identity mode 'nose'"):
        from_head_model(full, ["nose"])


def test_errors_of_face_models(small):
    with pytest.raises(ValueError, match="needs a mean"):
        FaceModel(small.mean[:, :2], small.blendshapes, small.triangles, small.landmark_vertices, small.landmark_indices)
    with pytest.raises(ValueError, match="one length"):
        model_of(small, np.arange(5)).__class__(small.mean, small.blendshapes, small.triangles,
                                                small.landmark_vertices, np.arange(3))
    with pytest.raises(ValueError, match="triangles must name vertices"):
        FaceModel(small.mean[:50], small.blendshapes[:, :50], small.triangles, np.arange(3), np.arange(3))
    with pytest.raises(ValueError, match="distance must be"):
        FaceModel(small.mean, small.blendshapes, small.triangles, np.arange(3), np.arange(3), distance=15.0)
    with pytest.raises(ValueError, match="spread must be"):
        FaceModel(small.mean, small.blendshapes, small.triangles, np.arange(3), np.arange(3), spread=np.zeros(14))


# --- clips -----------------------------------------------------------------------------------------------------------


def test_still_face_jitters_three_times_less(head):
    still = np.repeat(cast_landmarks(cast.sample_person(3), [cast.sample_shot(5)]), 50, 0)
    noisy = still + np.random.default_rng(0).normal(size=still.shape)

    def jitter(fit):
        points = linearise(head, fit)[0]
        return rms(points - points.mean(0))
    assert jitter(fit_landmarks(head, noisy)) > 3 * jitter(fit_clip(head, noisy))


def test_moving_face_is_followed_better_than_frame_by_frame(head):
    true = cast_landmarks(cast.sample_person(3), cast.perform(5, 3).shots)
    noisy = true + np.random.default_rng(1).normal(size=true.shape)
    alone, together = fit_landmarks(head, noisy), fit_clip(head, noisy)
    errors = [np.sqrt(((linearise(head, fit)[0] - true) ** 2).sum(-1).mean(0)) for fit in (alone, together)]
    assert rms(linearise(head, together)[0] - true) < 0.7 * rms(linearise(head, alone)[0] - true)
    assert (errors[1] < errors[0] + 0.1).all()                      # at every landmark, lips and lids too
    assert np.ptp(together.weights[:, head.shared], axis=0).max() < 1e-12
    assert np.ptp(together.weights[:, ~head.shared], axis=0).max() > 0.1
    residual = linearise(head, together)[0] - noisy
    np.testing.assert_allclose(together.rms, np.sqrt((residual ** 2).sum(-1).mean(1)), rtol=1e-9)


def test_step_of_a_clip_equals_a_dense_solution(small):
    """The banded, bordered system against stacked residuals and numpy's least squares."""
    truth, landmarks = faces(small, 6, seed=9, noise=2)
    frames, smoothing, prior = len(landmarks), 0.8, 1.3
    fit = fit_landmarks(small, landmarks)
    fit.weights[:, small.shared] = fit.weights[0, small.shared]
    wanted = landmarks[:, small.landmark_indices]
    system = _System(small, wanted, _coupling(frames, smoothing), prior)
    points, jacobian = linearise(small, fit)
    points, count = points.reshape(frames, -1), jacobian.shape[1]
    own = np.concatenate([np.arange(6), 6 + np.flatnonzero(~small.shared)])
    common, total = 6 + np.flatnonzero(small.shared), frames * len(own)
    dense = np.zeros((frames, count, total + len(common)))
    for t in range(frames):
        dense[t, :, t * len(own):(t + 1) * len(own)] = jacobian[t][:, own]
    dense[:, :, total:] = jacobian[:, :, common]
    pull = prior / small.spread
    rows, values = [], []
    for t in range(frames):
        for k in np.flatnonzero(~small.shared):
            row = np.zeros(total + len(common))
            row[t * len(own) + 6 + list(np.flatnonzero(~small.shared)).index(k)] = pull[k]
            rows.append(row), values.append(pull[k] * fit.weights[t, k])
    for i, k in enumerate(np.flatnonzero(small.shared)):
        row = np.zeros(total + len(common))
        row[total + i] = pull[k]
        rows.append(row), values.append(pull[k] * fit.weights[0, k])
    matrix = np.concatenate([dense.reshape(-1, dense.shape[2]),
                             smoothing * np.diff(dense, 2, axis=0).reshape(-1, dense.shape[2]), rows])
    right = np.concatenate([(points - wanted.reshape(frames, -1)).ravel(), smoothing * np.diff(points, 2, axis=0).ravel(), values])
    solution = -np.linalg.lstsq(matrix, right, rcond=None)[0]
    step = system.step(fit)
    np.testing.assert_allclose(step[:, own].ravel(), solution[:total], atol=1e-8)
    np.testing.assert_allclose(step[:, common], np.tile(solution[total:], (frames, 1)), atol=1e-8)
    assert system.energy(fit) == pytest.approx(right @ right)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_short_clips(small, frames):
    _, landmarks = faces(small, frames, seed=10, noise=1)
    fit = fit_clip(small, landmarks)
    assert len(fit) == frames and np.isfinite(fit.rms).all()


def test_clip_without_coupling_is_frame_by_frame(small):
    _, landmarks = faces(small, 4, seed=11, noise=1)
    free = FaceModel(small.mean, small.blendshapes, small.triangles, small.landmark_vertices, small.landmark_indices, small.spread)
    np.testing.assert_allclose(fit_clip(free, landmarks, 0).weights, fit_landmarks(free, landmarks).weights, atol=1e-4)


def test_errors_of_clips(small):
    _, landmarks = faces(small, 1)
    for arguments in ((landmarks, -1), (landmarks, 1, 0), (landmarks[:0],)):
        with pytest.raises(ValueError):
            fit_clip(small, *arguments)


# --- texture ---------------------------------------------------------------------------------------------------------


def test_transfer_to_the_same_place_changes_nothing(head):
    frame = cast.render(cast.sample_person(7), cast.neutral_shot(1, yaw=10), 128)
    placed = place(head, fit_landmarks(head, frame.landmarks[None]))[0]
    face, mask = transfer(head, frame.image, placed, placed, frame.image.shape)
    assert np.abs(face[mask].astype(int) - frame.image[mask]).max() <= 2
    assert not face[~mask].any()
    assert (mask & frame.mask).sum() > 0.9 * mask.sum() and mask.sum() > 0.5 * frame.mask.sum()


def test_transfer_looks_up_the_source_pixel_of_every_point(head):
    """A picture whose colours are its coordinates tells where each target pixel was looked up."""
    truth, _ = faces(head, 2, seed=12, weight=0.3, width=110)
    source, target = place(head, truth)
    row, column = np.mgrid[:256, :256]
    picture = np.stack([column, row, 0 * row], -1).astype(np.uint8)
    found, mask = transfer(head, picture, source, target, (240, 256))
    assert mask.shape == (240, 256) and mask.sum() > 2000
    front = head.landmark_vertices[[27, 28, 29, 30, 51, 57]]                # the middle of the face, seen in both
    at, wanted = np.round(target[front, :2]).astype(int), source[front, :2]
    assert mask[at[:, 1], at[:, 0]].all()
    assert np.abs(found[at[:, 1], at[:, 0], :2] - wanted).max() < 3


def test_transfer_leaves_out_what_the_source_does_not_show(head):
    fit = fit_landmarks(head, cast_landmarks(cast.sample_person(0), [cast.neutral_shot(yaw=55), cast.neutral_shot(yaw=-35)]))
    turned, other = place(head, fit)
    picture = np.full((256, 256, 3), 9, np.uint8)
    _, whole = transfer(head, picture, other, other, (256, 256))
    _, part = transfer(head, picture, turned, other, (256, 256))
    assert part.sum() < 0.75 * whole.sum()
    _, nothing = transfer(head, picture, turned + (1000, 0, 0), other, (256, 256))
    assert not nothing.any()


def test_the_nearest_of_two_layers_is_seen(head):
    """With the head far round the nose hides a cheek: against a search through all triangles at some pixels."""
    fit = fit_landmarks(head, cast_landmarks(cast.sample_person(0), [cast.neutral_shot(), cast.neutral_shot(yaw=-50)]))
    source, target = place(head, fit)
    row, column = np.mgrid[:256, :256]
    found, mask = transfer(head, np.stack([column, row, 0 * row], -1).astype(np.uint8), source, target, (256, 256))
    a, b, c = target[head.triangles].transpose(1, 0, 2)
    area = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    layered = 0
    for y, x in np.argwhere(mask)[::17]:
        v = ((x - a[:, 0]) * (c - a)[:, 1] - (y - a[:, 1]) * (c - a)[:, 0]) / area
        w = ((b - a)[:, 0] * (y - a[:, 1]) - (b - a)[:, 1] * (x - a[:, 0])) / area
        hits = np.flatnonzero((area < 0) & (v > 0.01) & (w > 0.01) & (v + w < 0.99))
        if len(hits) < 2 or np.ptp(depth := (a + v[:, None] * (b - a) + w[:, None] * (c - a))[hits, 2]) < 2:
            continue
        layered += 1
        nearest = hits[depth.argmax()]
        corners = source[head.triangles[nearest], :2]
        expected = (1 - v[nearest] - w[nearest]) * corners[0] + v[nearest] * corners[1] + w[nearest] * corners[2]
        assert np.abs(found[y, x, :2] - expected).max() < 1.5
    assert layered >= 3


def test_nearest_pose(small):
    poses = np.array([cast_rotation(yaw, 0, 0) for yaw in (-30, 0, 30)], float)
    source, _ = faces(small, 3)
    turned = Fit(source.scale, poses, source.translation, source.weights, source.rms, source.energy)
    asked = Fit(source.scale, np.array([cast_rotation(yaw, 5, 3) for yaw in (20, -40, 4)], float), *(
        getattr(source, name) for name in ("translation", "weights", "rms", "energy")))
    np.testing.assert_array_equal(nearest_pose(turned, asked), [2, 0, 1])


def test_explorer_shows_how_a_moved_landmark_is_resisted():
    from dflib.lesson.panels.lesson04 import fit_explorer
    panel = fit_explorer(size=96)
    calm = panel.line
    panel.set(landmark=30, move_x=30, yaw=20, view="surface")
    assert not panel.error and panel.picture.shape == (96, 96, 3)
    before, after = (float(line.split("fit: ")[1].split(" px")[0]) for line in (calm, panel.line))
    assert after > before + 1 and "(true 20°)" in panel.line
