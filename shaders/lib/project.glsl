// Projects a vertex. One draw serves both eyes: each instance is drawn twice, or the vertex shader
// runs for both views (see StereoMode in vrnn/render/shaders.py).
#if defined(MULTIVIEW)
#extension GL_OVR_multiview2 : require
layout(num_views = 2) in;
#define EYE gl_ViewID_OVR
#elif defined(LAYERS)
#extension GL_ARB_shader_viewport_layer_array : enable
#extension GL_AMD_vertex_shader_layer : enable
#define EYE (gl_InstanceID & 1)
#else
#define EYE 0
#endif
#include "lib/views.glsl"

vec4 project(vec3 world_position) {
#if defined(LAYERS)
    gl_Layer = EYE;
#endif
    return clip_from_world[EYE] * vec4(world_position, 1.0);
}
