"""How well embeddings tell people apart: areas under the curve over pairs of pictures."""
import numpy as np
from sklearn.metrics import roc_auc_score

from dflib.metrics.distances import equal_error_rate

SIMILAR_TONE = .1       # people of one sex whose tones differ by less are hard to tell apart


def verify(embeddings, person, look, tone, female) -> dict:
    """AUCs of "the same person?" by cosine, over all pairs of N pictures of people never seen in training.

    embeddings (N, D) of length 1; person, look, tone, female (N,). `same_look`: pairs of one person with the same hair
    and make-up against all pairs of two people. `changed_look`: with different hair and make-up. `similar_people`:
    changed look, against pairs of two people of one sex and similar tone. Then changed look within each group.
    """
    first, second = np.triu_indices(len(person), 1)
    cosine = np.einsum("nd,nd->n", embeddings[first], embeddings[second])
    same = person[first] == person[second]
    changed = same & (look[first] != look[second])
    similar = ~same & (female[first] == female[second]) & (np.abs(tone[first] - tone[second]) < SIMILAR_TONE)

    def auc(right, wrong):
        return round(float(roc_auc_score(np.r_[np.ones(right.sum()), np.zeros(wrong.sum())],
                                         np.r_[cosine[right], cosine[wrong]])), 4)

    scores = {"people": int(len(np.unique(person))), "pictures": len(person),
              "same_look": auc(same & ~changed, ~same), "changed_look": auc(changed, ~same),
              "similar_people": auc(changed, similar)}
    third = np.digitize(tone, (1 / 3, 2 / 3))
    groups = {"light": third == 0, "medium": third == 1, "dark": third == 2, "women": female, "men": ~female}
    for name, member in groups.items():
        within = member[first] & member[second]
        scores[f"changed_look_{name}"] = auc(changed & within, ~same & within)
    right, wrong = cosine[changed], cosine[~same]
    labels = np.r_[np.ones(len(right)), np.zeros(len(wrong))]
    scores["equal_error_rate"] = round(equal_error_rate(labels, np.r_[right, wrong]), 4)
    # With as many errors of both kinds: the cosine that misses as many as the share of false alarms above it.
    scores["threshold"] = round(float(np.quantile(wrong, 1 - scores["equal_error_rate"])), 3)
    return scores
