# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The same fields and the same table as src/cpp/tools/bench/figure.h.
"""One line of the report."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Figure", "NotMeasuredError", "compared", "report"]

Bound = Literal["<=", ">="]


class NotMeasuredError(Exception):
    """Something that a measurement needs is missing; the message says what."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value beside its reference and its target.

    Attributes
    ----------
    name : str
    value : float or None
        None: it could not be measured.
    unit : str
    reference : str or None
        None: the value stands alone, and the target is one for the value.
    reference_value : float or None
        In the same unit.
    ratio : float or None
        The median of the rounds' ratios, value / reference_value.
    target : float or None
        Of the ratio. None: told for comparison only.
    bound : {"<=", ">="}
        Which side of the target is the good one.
    spread : (float, float) or None
        Quartiles of the rounds' ratios.
    """

    name: str
    value: float | None
    unit: str
    reference: str | None = None
    reference_value: float | None = None
    ratio: float | None = None
    target: float | None = None
    bound: Bound = "<="
    spread: tuple[float, float] | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without a target or a value."""
        if self.target is None or self.value is None:
            return None
        compared_value = self.value if self.ratio is None else self.ratio
        if self.bound == "<=":
            return compared_value <= self.target
        return compared_value >= self.target

    def as_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints of it."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "reference": self.reference,
            "reference_value": self.reference_value,
            "ratio": self.ratio,
            "target": self.target,
            "met": self.met,
        }

    @classmethod
    def from_tool(cls, row: dict[str, Any]) -> Figure:
        """Read a figure of ``chimaera_bench --json``."""
        spread = None
        if "ratio_low" in row:
            spread = (row["ratio_low"], row["ratio_high"])
        return cls(
            row["name"],
            row["value"],
            row["unit"],
            row["reference"],
            row["reference_value"],
            row["ratio"],
            row["target"],
            row.get("bound", "<="),
            spread,
        )

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.name:<26} not measured"
        text = f"{self.name:<26} {self.value:>10.4g} {self.unit:<8}"
        if self.ratio is not None:
            text += f" {self.ratio:6.3g} x {self.reference}"
            text += f" ({self.reference_value:.4g})"
        if self.spread is not None:
            text += f", quartiles {self.spread[0]:.3g}-{self.spread[1]:.3g}"
        if self.target is not None:
            verdict = "met" if self.met else "MISSED"
            text += f"; target {self.bound} {self.target:.3g}: {verdict}"
        return text


def compared(
    name: str,
    values: Sequence[float],
    unit: str,
    reference: str,
    reference_values: Sequence[float],
    *,
    target: float,
    bound: Bound,
) -> Figure:
    """Compare two rows of values, round by round."""
    ratios = [
        value / other for value, other in zip(values, reference_values, strict=True)
    ]
    quartiles = statistics.quantiles(ratios, n=4, method="inclusive")
    return Figure(
        name,
        statistics.median(values),
        unit,
        reference,
        statistics.median(reference_values),
        statistics.median(ratios),
        target,
        bound,
        (quartiles[0], quartiles[2]),
    )


def report(figures: Iterable[Figure], *, as_json: bool) -> str:
    """Return the figures as one JSON object, or as a table."""
    if as_json:
        return json.dumps({"figures": [figure.as_dict() for figure in figures]})
    return "\n".join(map(str, figures))
