"""Files that appear whole or not at all, and numbers as text."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def json_text(content: Mapping[str, Any]) -> str:
    """JSON with sorted keys, two spaces and a final newline.

    Raises:
        ValueError: A number is not finite, which JSON cannot say.
    """
    return json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n"


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary path that becomes `path` when the block ends well, and is removed when it does not."""
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
