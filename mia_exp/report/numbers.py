"""Numbers as text."""

import json
from collections.abc import Mapping
from typing import Any


def json_text(content: Mapping[str, Any]) -> str:
    """JSON with sorted keys, two spaces and a final newline.

    Raises:
        ValueError: A number is not finite, which JSON cannot represent.
    """
    return json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n"
