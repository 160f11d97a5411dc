"""A server that stands in for the OVHcloud API: real HTTP, real signatures, faults on demand.

It is written from the documented facts of the API and shares no code with the collection, so that a mistake in one of
them shows. It needs nothing but Python's standard library.
"""

from __future__ import annotations

from .audit import Call
from .faults import Fault, Gate
from .project import Project
from .simulator import DEFAULT_PROJECT, Simulator

__all__ = ["DEFAULT_PROJECT", "Call", "Fault", "Gate", "Project", "Simulator"]
