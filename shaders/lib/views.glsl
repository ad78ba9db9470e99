// The eyes, fog and colors of a picture. Mirrored by VIEWS in vrnn/render/uniforms.py.
layout(std140) uniform Views {
    mat4 clip_from_world[2];  // of the left and the right eye; the first where there is only one
    vec4 eye;          // meters, between two eyes; w: distance at which fog has taken most of the light
    vec4 background;   // linear; a: 0 in a transparent picture
    vec4 positive;     // linear color of the largest activation; a: seconds, of what runs along edges
    vec4 negative;     // linear color of the most negative activation
    vec4 not_finite;   // linear color of NaN and infinity
    vec4 color_range;  // x: 1 when zero is in the middle of the range of colors; yz: width and height in pixels of the part that is drawn; w: 1 in the light theme
    vec4 viewport;     // width and height in pixels; z: pixels per unit at clip w = 1; w: 1 when the floor is drawn
};

// How much light fog leaves of something at this position, 1 near … 0 far.
float fog_transmittance(vec3 position) {
    float fraction = distance(position, eye.xyz) / eye.w * mix(1.0, 0.55, color_range.w);  // white takes more than black
    return exp(-fraction * fraction);
}

// What becomes dimmer goes toward this color.
vec3 dim_color() {
    return background.rgb * color_range.w;
}

// Of a cell without a map.
vec3 empty_color() {
    return background.rgb * mix(0.35, 0.9, color_range.w);
}
