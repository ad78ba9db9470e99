// Half floats laid one after the other through the rows and layers of a texture array.
// Row length and layer size are ROW and ROWS in vrnn/render/maps.py, both powers of two.
uniform highp sampler2DArray store;

float stored(int texel) {
    return texelFetch(store, ivec3(texel & (ROW - 1), (texel / ROW) & (ROWS - 1), texel / (ROW * ROWS)), 0).r;
}
