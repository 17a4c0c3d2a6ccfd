"""Files, weights and the cache: every byte that condgan writes goes through here."""

__all__ = ["cache", "files", "manifest", "pictures", "privacy", "secret", "weights"]
