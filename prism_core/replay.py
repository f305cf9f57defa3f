"""The text that repeats a choice: kept rows, and what they were chosen from.

"1, 4 #1a2b3c4d" names rows 1 and 4 of the run whose noise and conditioning have that digest, so
that a choice is never applied to another seed or prompt unnoticed. Without the # part the rows are
applied to whatever there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .pruning import format_kept, parse_kept

DIGEST_DIGITS = 8


def format_replay(rows: Iterable[int], digest: str | None) -> str:
    """The replay text of kept rows, "1, 4 #1a2b3c4d"; without digest just the rows.

    digest: hexadecimal digits; the first 8 are written. Raises ValueError on other digests.
    """
    return signed(format_kept(rows), digest)


def parse_replay(text: str, candidates: int) -> tuple[list[int], str | None]:
    """(rows ascending, digest or None) of a replay text, for a batch of `candidates`.

    Raises ValueError that points at a bad row, as `pruning.parse_kept`, or at a bad digest.
    """
    rows, digest = unsigned(text)
    return parse_kept(rows, candidates), digest


def signed(text: str, digest: str | None) -> str:
    """A text about rows with the digest of their run, as `format_replay`."""
    if digest is None:
        return text
    short = digest[:DIGEST_DIGITS].lower()
    if not _well_formed(short):
        raise ValueError(f'The digest "{digest}" is not of {DIGEST_DIGITS} hexadecimal digits.')
    return f"{text} #{short}"


def unsigned(text: str) -> tuple[str, str | None]:
    """(text, digest or None) of a signed text. Raises ValueError on a bad digest."""
    body, mark, digest = text.partition("#")
    digest = digest.strip().lower()
    if mark and not _well_formed(digest):
        raise ValueError(
            f'"#{digest}" at the end of "{text}" is no digest of a run; it has {DIGEST_DIGITS} '
            "hexadecimal digits, such as #1a2b3c4d. Copy the whole text from the run report, or "
            "delete everything from the # on to apply the rows anyway."
        )
    return body, digest if mark else None


def check_digest(given: str | None, found: str) -> None:
    """Raises ValueError when a replay text was made with other noise or conditioning.

    given: from `parse_replay`; None passes. found: hexadecimal digest of the run at hand.
    """
    found = found[:DIGEST_DIGITS].lower()
    if given is not None and given != found:
        raise ValueError(
            f"The kept rows were chosen in another run: the choice is of #{given}, and this run is "
            f"#{found}. The seed, the prompt or the number of candidates has changed since, so "
            "the same row is now another clip. Restore them, clear 'kept' to choose anew, or "
            f"delete '#{given}' to apply the rows anyway."
        )


def _well_formed(digest: str) -> bool:
    return re.fullmatch(rf"[0-9a-f]{{{DIGEST_DIGITS}}}", digest) is not None
