"""The domains of attribute editing: names of the label's columns, what a person's label is, and the edits there are.

Two data sets know different things (Choi et al. 2018, sec. 3.3): pictures of the cast know hair, sex, age and skin;
a second set, rendered for it, knows the expression. Nothing here draws or learns.
"""
import numpy as np

HAIR = ("black hair", "brown hair", "blond hair", "grey hair")
TRAITS = ("female", "old", "dark skin")
EXPRESSIONS = ("neutral", "happy", "sad", "angry", "surprised")
DOMAINS = (*HAIR, *TRAITS, *EXPRESSIONS)
COLUMNS = (len(HAIR) + len(TRAITS), len(EXPRESSIONS))      # of the first and of the second data set
INDEX = {name: k for k, name in enumerate(DOMAINS)}

# Attribute of the cast -> column. Dark brown is neither: in a dim shot nobody could tell it from black. Red and bald
# people have another hair colour or none, and all of these are left out of hair edits.
HAIR_OF = {"black": "black hair", "brown": "brown hair", "light_brown": "brown hair", "blond": "blond hair",
           "pale_blond": "blond hair", "grey": "grey hair", "white": "grey hair"}
OLD_FROM, DARK_FROM = 50, .5            # years; tone, 0 lightest to 1 darkest
CELEBA = {"Black_Hair": "black hair", "Brown_Hair": "brown hair", "Blond_Hair": "blond hair", "Gray_Hair": "grey hair"}

# Every edit, by the words of the command line: (what, value) -> column and the value that it gets. An edit of the hair
# or of the expression clears the other columns of its kind.
EDITS = {
    **{("hair", name.split()[0]): (name, 1) for name in HAIR},
    ("gender", "female"): ("female", 1), ("gender", "male"): ("female", 0),
    ("age", "old"): ("old", 1), ("age", "young"): ("old", 0),
    ("skin", "dark"): ("dark skin", 1), ("skin", "light"): ("dark skin", 0),
    **{("expression", name): (name, 1) for name in EXPRESSIONS},
}


def exclusive(column: str) -> tuple:
    """The columns of which only one can be 1, among them ``column``: hair colours, expressions, or itself alone."""
    return next((group for group in (HAIR, EXPRESSIONS) if column in group), (column,))


def cast_labels(attributes: dict) -> tuple:
    """(labels (N, 12) float32, known (N, 12) bool) of N pictures from the cast's ``attributes``, name -> (N,).

    Hair is known where it has one of the four colours, and expressions are not.
    """
    hair = [HAIR_OF.get(str(name)) for name in attributes["hair_colour"]]
    labels, known = np.zeros((len(hair), len(DOMAINS)), np.float32), np.zeros((len(hair), len(DOMAINS)), bool)
    for row, name in enumerate(hair):
        if name:
            labels[row, INDEX[name]], known[row, :len(HAIR)] = 1, True
    labels[:, INDEX["female"]] = attributes["female"]
    labels[:, INDEX["old"]] = np.asarray(attributes["age"]) >= OLD_FROM
    labels[:, INDEX["dark skin"]] = np.asarray(attributes["tone"]) >= DARK_FROM
    known[:, [INDEX[name] for name in TRAITS]] = True
    return labels, known


def celeba_labels(attributes, names) -> tuple:
    """(labels (N, 12) float32, known (N, 12) bool) of CelebA's ``attributes`` (N, 40) bool with their ``names``.

    Hair is known where it has one of the four colours and no second one; the tone of the skin is not known.
    """
    column = {name: np.asarray(attributes)[:, k] for k, name in enumerate(names)}
    labels, known = np.zeros((len(attributes), len(DOMAINS)), np.float32), np.zeros((len(attributes), len(DOMAINS)), bool)
    hair = np.stack([column[theirs] for theirs in CELEBA], axis=1)
    known[:, :len(HAIR)] = (hair.sum(axis=1) == 1)[:, None]
    labels[:, [INDEX[ours] for ours in CELEBA.values()]] = hair & known[:, :1]
    labels[:, INDEX["female"]], labels[:, INDEX["old"]] = ~column["Male"], ~column["Young"]
    known[:, [INDEX["female"], INDEX["old"]]] = True
    return labels, known


def expression_labels(names) -> tuple:
    """(labels (N, 12) float32, known (N, 12) bool) of N pictures of which the expression, of EXPRESSIONS, is known."""
    labels, known = np.zeros((len(names), len(DOMAINS)), np.float32), np.zeros((len(names), len(DOMAINS)), bool)
    labels[np.arange(len(names)), [INDEX[name] for name in names]] = 1
    known[:, COLUMNS[0]:] = True
    return labels, known


def edited(label: np.ndarray, edit: tuple) -> np.ndarray:
    """The label (12,) after ``edit``, a key of EDITS. It speaks of one data set: the other's columns are 0.

    ValueError for an unknown edit.
    """
    if edit not in EDITS:
        what, value = edit
        values = [v for w, v in EDITS if w == what]
        raise ValueError(f"{what} can be {', '.join(values)}, not {value!r}." if values else
                         f"Nothing is called {what!r}: there are {', '.join(dict.fromkeys(w for w, _ in EDITS))}.")
    column, value = EDITS[edit]
    label = np.array(label, np.float32)
    first = INDEX[column] < COLUMNS[0]
    label[slice(COLUMNS[0], None) if first else slice(COLUMNS[0])] = 0
    label[[INDEX[name] for name in exclusive(column)]] = 0
    label[INDEX[column]] = value
    return label
