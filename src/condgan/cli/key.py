"""Key files and certificates: ``key``; signing with them: ``sign``."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from condgan.cli.command import command


def warn(words: str) -> None:
    """Tell of a key that others may read."""
    print(f"condgan: {words}", file=sys.stderr)


@command(epilog="Example: condgan key new mine.key, then condgan sample mnist 2026 --watermark mine.key")
def key(
    action: Annotated[
        Literal["new", "show", "public", "certificate"],
        typer.Argument(metavar="new|show|public|certificate", help="What to do."),
    ],
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The key file; of certificate, the file that is made.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Of public: the file; default: FILE.pub.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of certificate: who signs.")] = None,
    days: Annotated[int, typer.Option(help="Of certificate: until it expires.")] = 365,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file. What was marked with a lost key is recognised no more.")
    ] = False,
) -> None:
    """Make and name keys: for invisible marks and for signatures.

    new: a key, in a file that you alone can read. show: its fingerprint, which names it and reveals nothing of it.
    public: the part of it that others need to check its signatures. certificate: a self-made certificate with its
    private key, to try content credentials (C2PA) with; nobody trusts it. Keep copies of keys in a safe place.
    """
    from condgan.errors import CondganError
    from condgan.marks import keys
    from condgan.signatures import certificates, detached

    if action == "certificate":
        if name is None:
            raise CondganError("a certificate says who signs: `name`, as it will be shown")
        made = certificates.make(path, name, days, force=force)
        print(f"{path}: {made.subject}, certified by {made.issuer}, until {made.until:%Y-%m-%d}: for trying, untrusted")
        print(f"next: condgan sign FILE --certificate {path}")
        return
    found = keys.new_key(path, force=force) if action == "new" else keys.load(path, warn)
    if action == "public":
        print(detached.write_public(output or path.with_name(f"{path.name}.pub"), found))
        return
    print(f"{path}: key {found.fingerprint}")


@command(epilog="Example: condgan sign digits.npz --key mine.key")
def sign(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE ...", help="Files, or folders of datasets.")],
    key: Annotated[Path | None, typer.Option(metavar="KEY", help="A key file: writes FILE.sig (Ed25519).")] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(metavar="PEM", help="A certificate with its chain: content credentials (C2PA), in a PNG itself."),
    ] = None,
    private: Annotated[
        Path | None, typer.Option(metavar="PEM", help="Its private key; default: the same file.")
    ] = None,
) -> None:
    """Sign what was made, so that others can tell whose it is and that nothing was changed.

    With a key file, the signature lies beside each file, or beside a folder, whose manifest is signed. With a
    certificate, a PNG carries its credentials; another file gets a cover, FILE.c2pa.png, which names it by its hash.
    `condgan verify FILE --trust` shows and checks both.
    """
    from condgan.errors import CondganError
    from condgan.marks import keys
    from condgan.signatures import certificates, credentials, detached

    if key is None and certificate is None:
        raise CondganError("nothing to sign with: `key` (a file of `condgan key new`) or `certificate` (PEM)")
    if private is not None and certificate is None:
        raise CondganError("`private` is the key of a `certificate`, and none is given")
    secret = None if key is None else keys.load(key, warn)
    signer = None if certificate is None else certificates.load(certificate, private)
    for path in paths if signer is not None and secret is None else ():
        if path.is_file() and (beside := credentials.outdates(path)) is not None:
            raise CondganError(
                f"{path} has a signature of its bytes, {beside}, which credentials in it would break: sign it by both, "
                "with `key` too, or move that away"
            )
    for path in paths:
        if signer is not None:  # before the key's, which is of the bytes as they are then
            print(credentials.sign(path, signer))
        if secret is not None:
            print(detached.sign(path, secret))
