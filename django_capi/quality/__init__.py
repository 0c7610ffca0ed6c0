"""What Meta itself reports of a dataset: the Dataset Quality API, read once a day."""

from __future__ import annotations
