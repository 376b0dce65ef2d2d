"""Trains the model of demand, judges it on a held-back later period, and writes it with its card and its report.

    python ml/train.py HISTORY.csv.gz FOLDER
"""
import hashlib
import json
import sys
import time
from pathlib import Path

from demand.history import Refused, read_contract, read_history
from demand.judge import at_prices, baselines, by_price, calibration, chance, elasticity, measures
from demand.model import to_onnx, train
from demand.plot import price_plot
from demand.report import card, markdown, require_better, rounded
from demand.runtime import Predictor

HELD_BACK_SHARE = 0.25


def judge(predict, earlier, later, contract):
    predicted = predict(later.features)
    metrics = {'model': measures(later.units, predicted), 'chance': {'poissonDeviance': chance(predicted)}}
    for name, guess in baselines(earlier, later, contract).items():
        metrics[name] = measures(later.units, guess)
    response = at_prices(predict, later.features, contract)
    return {
        'metrics': metrics,
        'calibration': calibration(later.units, predicted),
        'priceResponse': response,
        'elasticity': elasticity(response),
        'byPrice': by_price(later.units, predicted, later.features, contract),
    }


def main(history_file, folder):
    started = time.process_time()

    def say(sentence):
        print(f'train: {sentence} ({time.process_time() - started:.1f} s of CPU)', file=sys.stderr, flush=True)

    contract = read_contract()
    history = read_history(history_file, contract)
    earlier, later = history.split(HELD_BACK_SHARE)
    say(f'read {len(history)} rows')
    model = to_onnx(train(earlier, contract), contract)
    say('trained')
    judged = judge(Predictor(model), earlier, later, contract)
    require_better(judged['metrics'])
    about = {'file': 'model.onnx', 'sha256': hashlib.sha256(model).hexdigest(), 'bytes': len(model),
             'input': {'name': 'features', 'type': 'float32', 'shape': ['rows', len(contract.names)]},
             'output': {'name': 'units', 'type': 'float32', 'shape': ['rows', 1]}}
    described = card(contract, earlier, later, judged, about)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'model.onnx').write_bytes(model)
    (folder / 'card.json').write_text(json.dumps(described, indent=2) + '\n')
    (folder / 'report.json').write_text(json.dumps(rounded(judged), indent=2) + '\n')
    (folder / 'report.md').write_text(markdown(described, judged))
    (folder / 'price-response.svg').write_text(price_plot(judged['priceResponse'], judged['byPrice']))
    say(f'wrote {folder}: deviance {judged["metrics"]["model"]["poissonDeviance"]:.3f}, '
        f'elasticity {judged["elasticity"]:.2f}')


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit('Usage: python ml/train.py HISTORY.csv.gz FOLDER')
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except (Refused, OSError) as error:
        sys.exit(f'train: {error}')
