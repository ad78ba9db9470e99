"""Whether the graphics driver has reset."""

from vrnn.render.context_loss import ContextLoss


def test_a_context_that_works_has_none(ctx):
    assert ContextLoss.of(ctx).reason() == ""
    assert ContextLoss(None).reason() == ""
    assert ContextLoss(lambda: 0).reason() == ""
