"""Gradient-boosted trees that predict demand relative to what is usual, and their form as ONNX."""
import lightgbm
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

TREES = 300
# Usual units below this are predicted as if they were this. A product that nobody bought may be bought all the same.
MIN_USUAL_UNITS = 0.02
OPSET = 15
PARAMETERS = {
    # Counts of sales. Trees add up to the logarithm of demand, so that effects multiply.
    'objective': 'poisson',
    'learning_rate': 0.08,
    'num_leaves': 15,
    'min_data_in_leaf': 200,
    'lambda_l2': 1.0,
    'monotone_constraints_method': 'advanced',
    'seed': 1,
    'deterministic': True,
    'force_row_wise': True,
    'num_threads': 1,
    'verbose': -1,
}


def usual_units(features, contract):
    return np.maximum(features[:, contract.column('units_usual')].astype(np.float64), MIN_USUAL_UNITS)


def train(history, contract):
    """Demand never rises with the price, nor falls because there is more stock."""
    constraints = [0] * len(contract.names)
    for column in contract.prices:
        constraints[column] = -1
    constraints[contract.column('stock_cover')] = 1
    usual = usual_units(history.features, contract)
    # Relative to what is usual and weighted by it: the same likelihood as that of the units themselves.
    data = lightgbm.Dataset(history.features, history.units / usual, weight=usual, feature_name=contract.names)
    return lightgbm.train({**PARAMETERS, 'monotone_constraints': constraints}, data, TREES)


def to_onnx(trees, contract):
    """Returns a model of features [rows, features] to units [rows, 1], both float32."""
    width = len(contract.names)
    model = convert_lightgbm(
        trees, 'demand', [('features', FloatTensorType([None, width]))], target_opset=OPSET, zipmap=False)
    graph = model.graph
    relative = graph.output[0].name
    constants = {
        'usual_column': np.array([contract.column('units_usual')], np.int64),
        'min_usual_units': np.array(MIN_USUAL_UNITS, np.float32),
    }
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    graph.node.extend([
        helper.make_node('Gather', ['features', 'usual_column'], ['usual'], axis=1),
        helper.make_node('Max', ['usual', 'min_usual_units'], ['usual_at_least']),
        helper.make_node('Mul', [relative, 'usual_at_least'], ['units']),
    ])
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info('units', TensorProto.FLOAT, [None, 1]))
    # The converter's order is that of a set: it differs from run to run.
    versions = sorted(model.opset_import, key=lambda opset: opset.domain)
    del model.opset_import[:]
    model.opset_import.extend(versions)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()
