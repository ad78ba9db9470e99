"""Which layers' whole maps are asked for."""

from tests.support.networks import residual
from tests.support.worlds import INFO
from vrnn.scene import network_placement
from vrnn.scene.layout.registry import arrange
from vrnn.scene.world import World
from vrnn.workspace.wanted_maps import state_layers


def test_asking_does_not_place_the_network_a_second_time(monkeypatch):
    aspects = []

    def counted(network, footprints, name, aspect):
        aspects.append(aspect)
        return arrange(network, footprints, name, aspect)

    monkeypatch.setattr(network_placement, "arrange", counted)
    world = World()
    world.set_aspect(1.3)
    world.open(0, residual(2), INFO)
    assert state_layers(world) == set()
    world.draw_list()
    assert set(aspects) == {1.3}
