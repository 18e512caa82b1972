"""Tables as Docker sets them."""

from __future__ import annotations

from collections.abc import Sequence


def columns(rows: Sequence[tuple[str, ...]]) -> str:
    """Three blanks behind the widest cell, and no column under ten letters."""
    widths = [max(10, *(len(row[i]) + 3 for row in rows)) for i in range(len(rows[0]))]
    lines = ("".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def size(count: float) -> str:
    """Bytes as Docker writes them: 24.4MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.3g}{unit}"
        count /= 1000
    raise AssertionError("the last unit is the largest")


def binary_size(count: float) -> str:
    """The same in powers of two: 3.5MiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.4g}{unit}"
        count /= 1024
    raise AssertionError("the last unit is the largest")
