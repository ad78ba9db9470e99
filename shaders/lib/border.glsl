// The border of a panel.
const vec3 BORDER = vec3(0.060, 0.070, 0.095);
const vec3 HIGHLIGHT = vec3(1.0, 0.52, 0.10);
