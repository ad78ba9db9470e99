"""ONNX files as torch modules: converted node by node, and compared with onnxruntime."""
