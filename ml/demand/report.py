"""The report on a model, as Markdown, and its card."""
import platform
from importlib.metadata import version

from .history import Refused
from .model import PARAMETERS, TREES

LIBRARIES = ['lightgbm', 'numpy', 'onnx', 'onnxmltools', 'onnxruntime']
NAMES = {
    'model': 'the model',
    'meanOfProduct': "the product's mean in the training period",
    'lastHour': 'the units of the last hour (0 counts as a small number that suits the training period)',
}


def rounded(value):
    """Keeps what tells models apart, in numbers of nested lists and objects."""
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return float(f'{value:.5g}') if isinstance(value, float) else value


def card(contract, earlier, later, judged, model):
    features = [
        {**{key: feature[key] for key in ('name', 'type', 'unit', 'min', 'max')},
         'trainedMin': float(column.min()), 'trainedMax': float(column.max())}
        for feature, column in zip(contract.features, earlier.features.T)
    ]
    return rounded({
        'name': 'sneaker-demand',
        'model': model,
        'predicts': contract.label,
        'features': features,
        'featuresSha256': contract.sha256,
        'data': {'sha256': earlier.sha256, 'training': period(earlier), 'heldBack': period(later)},
        'metrics': judged['metrics'],
        'elasticity': judged['elasticity'],
        'training': {
            'command': 'npm run train',
            'trees': TREES,
            'parameters': PARAMETERS,
            'python': platform.python_version(),
            'libraries': {name: version(name) for name in LIBRARIES},
        },
    })


def period(history):
    return {'rows': len(history), 'from': str(history.hours[0]), 'to': str(history.hours[-1])}


def table(head, rows):
    lines = [head, ['---', *['---:'] * (len(head) - 1)], *rows]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def markdown(card, judged):
    metrics, training, held = card['metrics'], card['data']['training'], card['data']['heldBack']
    model, mean, floor = metrics['model'], metrics['meanOfProduct'], metrics['chance']['poissonDeviance']
    explained = 1 - model['poissonDeviance'] / mean['poissonDeviance']
    possible = 1 - floor / mean['poissonDeviance']
    scores = [
        [NAMES[name], *(f'{metrics[name][key]:.3f}' for key in
                        ('poissonDeviance', 'meanAbsoluteError', 'rootMeanSquaredError', 'predictedToSold'))]
        for name in NAMES
    ]
    groups = [[str(i), f'{group["predicted"]:.3f}', f'{group["sold"]:.3f}', f'{group["predicted"] / group["sold"]:.2f}']
              for i, group in enumerate(judged['calibration'], 1)]
    prices = [[f'{group["priceToUsual"]:.2f}', str(group['rows']), f'{group["predicted"]:.3f}',
               f'{group["sold"]:.3f} ± {group["soldError"]:.3f}'] for group in judged['byPrice']]
    return f"""# The model of demand

Written by `npm run train`. The model learns from {training['rows']} rows until {training['to']} and is judged on the {held['rows']} rows after that, which it
has not seen. A row is a product and an hour.

## Beside simple predictions

{table(['predicted by', 'Poisson deviance', 'mean absolute error', 'root mean squared error', 'predicted ÷ sold'], scores)}

The model explains {explained:.0%} of the deviance of the product's mean. Not more than about {possible:.0%} can be explained: sales are counts, and if the
predictions were the true means, chance alone would leave a deviance of {floor:.3f}. (Some shoppers buy two pairs, so the true limit is a little lower.)

## Calibration

The held-back rows in ten groups of equal size, from the lowest predictions to the highest. Means of pairs per hour.

{table(['group', 'predicted', 'sold', 'predicted ÷ sold'], groups)}

## Price

![Demand by price](price-response.svg)

If all prices were 1 % higher, the model predicts a demand that is {-card['elasticity']:.2f} % lower. Prices in the history were chosen at random and
not because of the demand, so sales by price are a fair judge. Pairs relative to the usual ones, by the price relative to the usual one, with the 95 % interval
of chance:

{table(['price', 'rows', 'predicted', 'sold'], prices)}

## Limits

- The history is that of a simulated shop. Its shoppers are drawn from fixed distributions, and its competitors do not react to prices.
- Prices were tried between 75 % and 135 % of the list price. Trees are constant beyond the range that they know, so the model must not be asked there.
- The label is what was sold. If an hour begins with few pairs in stock, demand may have been higher.
"""


def require_better(metrics):
    """A model that is no better than a baseline is not written."""
    model = metrics['model']['poissonDeviance']
    for name in ('meanOfProduct', 'lastHour'):
        if not model < metrics[name]['poissonDeviance']:
            raise Refused(f'The model is no better than {NAMES[name]}; give it a longer history.')
