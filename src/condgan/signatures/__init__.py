"""Signatures: of any file by a key file (Ed25519), and by a certificate (C2PA)."""

__all__ = ["certificates", "credentials", "detached", "packages"]
