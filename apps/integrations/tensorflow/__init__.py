"""TensorFlow Serving's gRPC: predict, model status, reload of the model config."""
