# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of files that belong to a user, computed from its description alone."""

from __future__ import annotations

import functools
import hashlib
from urllib.parse import quote

#: File systems take 255 bytes; the endings and the id of a shared description need some of them.
LONGEST = 180
_DIGEST = 64


@functools.lru_cache(maxsize=2048)
def file_stem(description: str, user_id: int | None = None) -> str:
    """Return the name, without ending, of the files of a user.

    The percent-encoded description; a long one is cut and ends in its SHA-256. A shortened name is always
    exactly ``LONGEST`` characters and no other is, so that the two kinds cannot meet. ``user_id`` is
    given for users whose description is empty or shared; ``=`` never comes out of percent-encoding.
    """
    # Half of a surrogate pair is no character, but the API could send one.
    stem = quote(description, safe="", errors="surrogatepass")
    if len(stem) >= LONGEST:
        digest = hashlib.sha256(description.encode("utf-8", "surrogatepass")).hexdigest()
        stem = stem[: LONGEST - _DIGEST - 1] + "-" + digest
    return stem if user_id is None else "%s=%d" % (stem, user_id)
