"""A small threader in memory: RFC 5256 THREAD=REFERENCES over what `threading.chain` tells.

It shows that the chains are enough to thread by, and lets the public scripts of imaptest judge.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from apps.providers.adapters.mime import ParsedMail, base_subject, chain, had_reply_prefix


@dataclass(eq=False)
class Node:
    """A message, or the placeholder of one that only others refer to (`number` 0)."""

    number: int = 0
    mail: ParsedMail | None = None
    parent: "Node | None" = None
    children: list["Node"] = field(default_factory=list)

    def below(self, other: "Node") -> bool:
        """True when `other` is this node or above it."""
        node: Node | None = self
        while node is not None and node is not other:
            node = node.parent
        return node is other

    def hang(self, parent: "Node | None") -> None:
        """Move below `parent`; a link that would close a loop is left out."""
        if parent is not None and parent.below(self):
            parent = None
        if self.parent is not None:
            self.parent.children.remove(self)
        self.parent = parent
        if parent is not None:
            parent.children.append(self)

    @property
    def first(self) -> "Node":
        """The message that stands for this node: itself, or a placeholder's first child."""
        return self if self.mail is not None else min(self.children, key=order).first


def order(node: Node) -> tuple[datetime, int]:
    """By date, then by number, as RFC 5256 sorts siblings."""
    first = node.first
    assert first.mail is not None
    return first.mail.sort_date or datetime(1970, 1, 1, tzinfo=UTC), first.number


def threads(mails: list[ParsedMail]) -> str:
    """The THREAD answer for messages numbered from 1."""
    by_id: dict[str, Node] = {}
    nodes: list[Node] = []
    for number, mail in enumerate(mails, start=1):
        key = mail.message_id if mail.message_id and not _taken(by_id, mail.message_id) else f"unique {number}"
        node = by_id.setdefault(key, Node())
        node.number, node.mail = number, mail
        nodes.append(node)
        above: Node | None = None
        for reference in chain(mail):
            known = by_id.setdefault(reference, Node())
            if known.parent is None and above is not None:
                known.hang(above)
            above = known
        if above is not None:
            node.hang(above)
    roots = _by_subject([root for node in by_id.values() if node.parent is None for root in _pruned(node, top=True)])
    return "".join(_written(root) for root in sorted(roots, key=order))


def _taken(by_id: dict[str, Node], key: str) -> bool:
    return key in by_id and by_id[key].mail is not None


def _pruned(node: Node, *, top: bool) -> list[Node]:
    """The node without the placeholders below it: their children take their place."""
    children = [kept for child in list(node.children) for kept in _pruned(child, top=False)]
    node.children = children
    for child in children:
        child.parent = node
    if node.mail is not None or (top and len(children) > 1):
        return [node]
    for child in children:
        child.parent = None
    return children


def _by_subject(roots: list[Node]) -> list[Node]:
    """Step 5: threads of one base subject become one."""
    table: dict[str, Node] = {}
    for root in sorted(roots, key=order):
        key = base_subject(_subject(root))
        known = table.get(key)
        if key and (known is None or _stands_better(root, known)):
            table[key] = root
    kept: list[Node] = []
    for root in roots:
        chief = table.get(base_subject(_subject(root)))
        if chief is None or chief is root:
            kept.append(root)
        elif chief.mail is None or (had_reply_prefix(_subject(root)) and not had_reply_prefix(_subject(chief))):
            root.hang(chief)
        else:
            kept.append(root)
    return kept


def _stands_better(root: Node, known: Node) -> bool:
    """A placeholder stands for a subject before a message does, and an original before a reply."""
    if known.mail is not None and root.mail is None:
        return True
    return had_reply_prefix(_subject(known)) and not had_reply_prefix(_subject(root))


def _subject(node: Node) -> str:
    mail = node.first.mail
    return mail.subject if mail is not None else ""


def _written(node: Node) -> str:
    return f"({_inside(node)})"


def _inside(node: Node) -> str:
    children = sorted(node.children, key=order)
    own = str(node.number) if node.mail is not None else ""
    if len(children) == 1:
        return f"{own} {_inside(children[0])}".strip()
    return f"{own}{' ' if own and children else ''}{''.join(_written(child) for child in children)}"
