// The values of a map at the nodes of a graph, which are somewhere in the cell, see NodeLayout in
// vrnn/network/node_layout.py. Includes lib/map_store.glsl and shade() before it.
const vec3 GRAPH_EDGE = vec3(0.10, 0.115, 0.15), LIGHT_GRAPH_EDGE = vec3(0.40, 0.42, 0.46);
const vec3 GRAPH_RIM = vec3(0.20, 0.22, 0.27), LIGHT_GRAPH_RIM = vec3(0.25, 0.27, 0.31);
const float RIM = 0.82;  // of a node's radius: within is its value

// The color at a position in a cell.
// lookup: first texel of the layout; first: of the map's values; count: nodes; position: 0...1 from left and from top
vec3 graph_color(int lookup, int first, int count, vec2 position, vec2 range) {
    const int GRID = NODE_GRID * NODE_GRID;
    ivec2 at = ivec2(clamp(position, 0.0, 0.99999) * float(NODE_GRID));
    int texel = lookup + at.y * NODE_GRID + at.x;
    int node = int(load_value(texel)) + NODE_DIGIT * int(load_value(texel + GRID));
    int places = lookup + 3 * GRID;
    vec2 place = vec2(load_value(places + 1 + node), load_value(places + 1 + count + node));
    float radius = load_value(places), apart = distance(position, place);
    if (apart < radius * RIM) return shade(load_value(first + node), range);
    if (apart < radius) return mix(GRAPH_RIM, LIGHT_GRAPH_RIM, color_range.w);
    return mix(background.rgb * 0.9, mix(GRAPH_EDGE, LIGHT_GRAPH_EDGE, color_range.w), load_value(texel + 2 * GRID));
}
