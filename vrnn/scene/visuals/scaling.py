"""Makes a thing in the world larger or smaller, with its text, and moves it."""

from __future__ import annotations

from dataclasses import replace

from vrnn.scene.primitives import PickRegion, Visual

Point = tuple[float, float, float]


def scale_visual(
    visual: Visual, factor: float, center: Point, target: Point | None = None
) -> Visual:
    """Return a visual so many times as large.

    Args:
        visual: Any.
        factor: Of every length, text too.
        center: A point of it, meters.
        target: Where that point is afterwards, meters; None for where it was.
    """
    target = target or center
    if factor == 1.0 and target == center:
        return visual
    quads = visual.quads.copy()
    quads["origin"] = (quads["origin"] - center) * factor + target
    quads["right"] *= factor
    quads["down"] *= factor
    labels = tuple(
        replace(
            label,
            origin=_point(label.origin, factor, center, target),
            height=label.height * factor,
        )
        for label in visual.labels
    )
    images = tuple(
        replace(
            image,
            origin=_point(image.origin, factor, center, target),
            right=_vector(image.right, factor),
            down=_vector(image.down, factor),
        )
        for image in visual.image_quads
    )
    regions = tuple(_region(region, factor, center, target) for region in visual.pick_regions)
    return Visual(quads, labels, images, regions)


def _region(region: PickRegion, factor: float, center: Point, target: Point) -> PickRegion:
    return replace(
        region,
        origin=_point(region.origin, factor, center, target),
        right=_vector(region.right, factor),
        down=_vector(region.down, factor),
    )


def _point(point: Point, factor: float, center: Point, target: Point) -> Point:
    x, y, z = (t + (p - c) * factor for p, c, t in zip(point, center, target, strict=True))
    return x, y, z


def _vector(vector: Point, factor: float) -> Point:
    x, y, z = vector
    return x * factor, y * factor, z * factor
