"""Certificates that sign: the user's, and self-made ones for trying, which nobody trusts."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condgan import arguments
from condgan.errors import CondganError
from condgan.signatures.packages import needed
from condgan.storage import secret
from condgan.storage.files import content

if TYPE_CHECKING:
    from cryptography import x509

MOST_BYTES = 1 << 20  # of a file of certificates
EXPECTED = "expected certificates in PEM"
DAYS = 365
ROOT = "self-made root"
CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True)
class Certificate:
    """A certificate with its chain and its private key.

    Attributes:
        chain: PEM, the certificate first, then those that issued it.
        private: its key as PKCS 8 in PEM, without a password.
        algorithm: by which it signs, as C2PA names it.
        subject, issuer: the names in it.
        until: when it expires, UTC.
    """

    chain: bytes
    private: bytes = field(repr=False)
    algorithm: str
    subject: str
    issuer: str
    until: datetime


def make(path: str | PathLike[str], name: str, days: int = DAYS, *, force: bool = False) -> Certificate:
    """Make a root, a certificate of its own, and their chain with the private key, in a file of the owner's alone.

    It is for trying: it has what C2PA asks for, and proves no more than that the same key signed.

    Args:
        path: of the file, PEM.
        name: of who signs, as it will be shown.
        days: until it expires.
        force: replace what is at the path.

    Raises:
        CondganError: no name or number of days, something is at the path, it cannot be written, or ``cryptography`` is
            not installed.
    """
    needed("cryptography")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    place = arguments.path("path", path)
    said = arguments.text("name", name).strip()
    if not 0 < len(said) <= 64:
        raise CondganError(f"name={arguments.shown(name)}: expected 1 to 64 characters, as X.509 has room for")
    arguments.integer("days", days, 1, 3650)
    now, hashed = datetime.now(UTC), hashes.SHA256()
    root_key, own_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def called(text: str) -> x509.Name:
        parts = (NameOID.COMMON_NAME, text), (NameOID.ORGANIZATION_NAME, f"{said[:50]} (self-made)")
        return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])

    def begun(subject: x509.Name, issuer: x509.Name, public: Any) -> x509.CertificateBuilder:
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
        made = made.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(hours=1))
        made = made.not_valid_after(now + timedelta(days=days))
        return made.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)

    def usage(signs: bool) -> x509.KeyUsage:
        return x509.KeyUsage(signs, False, False, False, False, not signs, not signs, False, False)

    top, own = called(ROOT), called(said)
    root = begun(top, top, root_key.public_key()).add_extension(x509.BasicConstraints(True, 0), critical=True)
    root_made = root.add_extension(usage(False), critical=True).sign(root_key, hashed)
    leaf = begun(own, top, own_key.public_key()).add_extension(x509.BasicConstraints(False, None), critical=True)
    leaf = leaf.add_extension(usage(True), critical=True)
    leaf = leaf.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    leaf = leaf.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
    made = leaf.sign(root_key, hashed)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = own_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    secret.write(place, made.public_bytes(pem) + root_made.public_bytes(pem) + private, force=force)
    return load(place)


def load(path: str | PathLike[str], private: str | PathLike[str] | None = None) -> Certificate:
    """Read a certificate with its chain, and its private key from the same file or another.

    Raises:
        CondganError: it cannot be read, has no certificate or no key, its key is another's or has a password, it has
            expired or is not valid yet, its algorithm is none of C2PA's, or ``cryptography`` is not installed.
    """
    needed("cryptography")
    from cryptography.hazmat.primitives import serialization

    place = arguments.path("certificate", path)
    data = content(place, MOST_BYTES, EXPECTED)
    chain = parsed(data)
    if chain is None:
        raise CondganError(f"{place} has no certificate, or a damaged one: expected PEM, the signer's first")
    other = place if private is None else arguments.path("private", private)
    try:
        key = serialization.load_pem_private_key(_key_part(other), None)
    except TypeError:
        raise CondganError(
            f"the private key in {other} has a password: openssl pkcs8 -topk8 -nocrypt removes it"
        ) from None
    except Exception as error:  # whatever the library raises for what is no key
        raise CondganError(f"{other} has no private key in PEM ({type(error).__name__})") from None
    leaf = chain[0]
    public = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    if key.public_key().public_bytes(*public) != leaf.public_key().public_bytes(*public):
        raise CondganError(f"the private key in {other} is not that of the certificate in {place}")
    now = datetime.now(UTC)
    if now >= leaf.not_valid_after_utc:
        raise CondganError(f"the certificate in {place} expired on {leaf.not_valid_after_utc:%Y-%m-%d}: renew it")
    if now < leaf.not_valid_before_utc:
        raise CondganError(f"the certificate in {place} is valid from {leaf.not_valid_before_utc:%Y-%m-%d} on only")
    plain = serialization.NoEncryption()
    return Certificate(
        b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain),
        _algorithm(place, key), named(leaf), named(leaf, issuer=True), leaf.not_valid_after_utc,
    )  # fmt: skip


def parsed(pem: bytes) -> "list[x509.Certificate] | None":
    """The certificates in PEM; none where there are none, or one is damaged, in parts that are read later as well."""
    from cryptography import x509

    try:
        chain = x509.load_pem_x509_certificates(pem)
        return chain if all(map(readable, chain)) else None
    except Exception:  # whatever the library raises for what anyone may have written
        return None


def readable(certificate: "x509.Certificate") -> bool:
    """Whether its names, days and key can be read: they are parsed only when they are asked for."""
    try:
        named(certificate), named(certificate, issuer=True), certificate.public_key()
        return bool(certificate.not_valid_before_utc <= certificate.not_valid_after_utc)
    except Exception:  # as above
        return False


def named(certificate: "x509.Certificate", *, issuer: bool = False) -> str:
    """The common name of who is certified, or of who certifies; else all of the name."""
    from cryptography.x509.oid import NameOID

    name = certificate.issuer if issuer else certificate.subject
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string()


def _algorithm(place: Path, key: Any) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVES:
        return CURVES[key.curve.name]
    raise CondganError(f"the key of {place} is none that C2PA signs with: expected Ed25519, P-256, P-384, P-521 or RSA")


def _key_part(place: Path) -> bytes:
    """The private key among what else is in a file."""
    data = content(place, MOST_BYTES, EXPECTED)
    start = data.find(b"-----BEGIN", max(0, data.find(b"PRIVATE KEY-----") - 40))
    return data[start:] if b"PRIVATE KEY-----" in data else b""
