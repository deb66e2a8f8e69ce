"""Rows of a JSON object from nested dicts and lists: numbers stay live, texts are written as they are now."""

import json

from report.table import INT


class Live:
    """A number in mapping[key], read at each rendering."""

    def __init__(self, mapping, key, kind=INT):
        self.mapping = mapping
        self.key = key
        self.kind = kind


def live(mapping):
    """All entries of a kept dict of numbers."""
    return [(key, Live(mapping, key)) for key in mapping]


def rows(tree):
    """tree: Live, a text or number, a list of trees, or a list of (key, tree) pairs for an object."""
    made = []
    pending = _emit(tree, "", made)
    made.append((pending.encode(), None, None, 0))
    return made


def _emit(tree, text, made):
    """Append rows for the tree after `text`; return the text that is still to be written."""
    if isinstance(tree, Live):
        made.append((text.encode(), tree.mapping, tree.key, tree.kind))
        return ""
    if not isinstance(tree, list):
        return text + json.dumps(tree)
    is_object = bool(tree) and isinstance(tree[0], tuple)
    text += "{" if is_object else "["
    separator = ""
    for item in tree:
        if is_object:
            text = _emit(item[1], text + separator + json.dumps(item[0]) + ": ", made)
        else:
            text = _emit(item, text + separator, made)
        separator = ", "
    return text + ("}" if is_object else "]")
