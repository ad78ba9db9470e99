// Half floats laid one after the other through the rows and layers of a texture array.
// ROW_TEXELS and LAYER_ROWS are those of vrnn/render/map_store.py, both powers of two.
uniform highp sampler2DArray map_store;

float load_value(int texel) {
    return texelFetch(map_store, ivec3(texel & (ROW_TEXELS - 1), (texel / ROW_TEXELS) & (LAYER_ROWS - 1), texel / (ROW_TEXELS * LAYER_ROWS)), 0).r;
}
