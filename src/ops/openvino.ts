/** Without this file help and errors could tell two ways to the plugin of OpenVINO, of which one would be out of date. */

/** The command that puts the plugin into a folder, and the library in there: the layout of the package onnxruntime-ep-openvino 1.8.1. */
export const OPENVINO = {
  install: "pip install --no-deps --target openvino onnxruntime-ep-openvino",
  library: "openvino/onnxruntime_ep_openvino/libonnxruntime_providers_openvino_plugin.so",
} as const;
