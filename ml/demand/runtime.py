"""Predictions of an ONNX file, as a service makes them."""
import numpy as np
import onnxruntime


class Predictor:
    def __init__(self, model):
        """Takes a path or the bytes of a model."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(model, options, providers=['CPUExecutionProvider'])

    def __call__(self, features):
        (units,) = self.session.run(['units'], {'features': features.astype(np.float32)})
        return units[:, 0].astype(np.float64)
