"""What a message claims about signature and encryption; nothing is verified or decrypted here."""

from . import parameters
from .structure import Part

_SMIME = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})


def _multipart_kind(part: Part) -> str:
    protocol = parameters.simple(part.params, b"protocol").lower()
    return "smime" if "pkcs7" in protocol else "pgp"


def claims(root: Part, text: str) -> tuple[str, str]:
    """("signed", "encrypted") as "pgp", "smime" or "".

    A signature counts only when it covers the whole message: one around a part beside others
    would lend its badge to what it does not cover (CVE-2017-17689).
    """
    signed = encrypted = ""
    if root.type == "multipart/signed":
        signed = _multipart_kind(root)
    for node in _nodes(root):
        if node.type == "multipart/encrypted":
            encrypted = _multipart_kind(node)
        elif node.type in _SMIME:
            if parameters.simple(node.params, b"smime-type").lower() == "signed-data":
                signed = "smime" if node is root else signed
            else:
                encrypted = "smime"
    head = text[:200].lstrip()
    if head.startswith("-----BEGIN PGP MESSAGE-----"):
        encrypted = encrypted or "pgp"
    if head.startswith("-----BEGIN PGP SIGNED MESSAGE-----") and text.rstrip().endswith("-----END PGP SIGNATURE-----"):
        signed = signed or "pgp"
    return signed, encrypted


def _nodes(part: Part) -> list[Part]:
    found = [part]
    for child in part.children:
        found += _nodes(child)
    return found
